"""docs/contract says what the code does, and nobody changes it so that a reader breaks without saying so."""

import copy
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
import yaml

from services.intake.lifecycle import message_of
from shared.events import Codec, ImportChanged
from shared.topics import TOPICS

FOLDER = Path(__file__).parents[2] / "docs" / "contract"
GOLDEN = Path(__file__).parent / "golden"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"contract_{name}", FOLDER / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate, compare = load("generate"), load("compare")
NOW: dict[str, Any] = generate.contract()


@pytest.mark.parametrize("name", generate.documents())
def test_the_contract_is_written_from_the_code_as_it_is(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert written == generate.documents()[name], "run `python docs/contract/generate.py`"


def test_the_contract_breaks_no_reader_of_the_released_one() -> None:
    released = json.loads((FOLDER / "released.json").read_text(encoding="utf-8"))
    assert not compare.needs_version(released, NOW), (
        f"{compare.breaks(released, NOW)}: keep what readers know, or raise the first number of CONTRACT_VERSION in shared/topics.py"
    )


@pytest.mark.parametrize("event", sorted({topic.event.__name__ for topic in TOPICS}))
def test_each_example_fits_its_schema(event: str) -> None:
    schema = json.loads((FOLDER / "schemas" / f"{event}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads((GOLDEN / f"{event}.json").read_bytes()))


def test_lifecycle_events_have_the_headers_that_the_contract_names() -> None:
    event = Codec(ImportChanged).decode((GOLDEN / "ImportChanged.json").read_bytes())
    jsonschema.validate({name: value.decode() for name, value in message_of(event).headers}, generate.CLOUD_EVENT)


def test_every_value_of_an_event_has_its_meaning_in_the_contract() -> None:
    for event in NOW["events"].values():
        for name, part in event.get("$defs", {}).items():
            assert all(part.get("x-meanings", {"": "none"}).values()), name


def test_the_document_has_all_topics_and_says_which_are_public() -> None:
    channels = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text(encoding="utf-8"))["channels"]
    tags = {name: channel["tags"][0]["name"] for name, channel in channels.items()}
    assert tags == {topic.name: "public" if topic.public else "internal" for topic in TOPICS}


def removed_field(contract: dict[str, Any]) -> None:
    del contract["events"]["RecordProvisioned"]["properties"]["outcome"]


def retyped_field(contract: dict[str, Any]) -> None:
    contract["events"]["RecordProvisioned"]["properties"]["row"] = {"type": "string"}


def new_required_field(contract: dict[str, Any]) -> None:
    contract["events"]["ImportChanged"]["properties"]["tenant"] = {"type": "string"}
    contract["events"]["ImportChanged"]["required"].append("tenant")


def field_no_longer_sent(contract: dict[str, Any]) -> None:
    contract["events"]["ImportChanged"]["required"].remove("experience_id")


def another_default(contract: dict[str, Any]) -> None:
    contract["events"]["EmailSettled"]["properties"]["reason"]["default"] = "unknown"


def another_key(contract: dict[str, Any]) -> None:
    contract["topics"]["imports.results"]["key"] = "import id"


def more_partitions(contract: dict[str, Any]) -> None:
    contract["topics"]["imports.results"]["partitions"] = 12


def no_longer_public(contract: dict[str, Any]) -> None:
    contract["topics"]["imports.results"]["public"] = False


def topic_renamed(contract: dict[str, Any]) -> None:
    contract["topics"]["imports.outcomes"] = contract["topics"].pop("imports.results")


def value_removed(contract: dict[str, Any]) -> None:
    contract["events"]["RecordProvisioned"]["$defs"]["Outcome"]["enum"].remove("skipped")


def value_added(contract: dict[str, Any]) -> None:
    outcome = contract["events"]["RecordProvisioned"]["$defs"]["Outcome"]
    outcome["enum"].append("merged")
    outcome["x-meanings"]["merged"] = "two accounts became one"


def another_meaning(contract: dict[str, Any]) -> None:
    contract["events"]["RecordProvisioned"]["$defs"]["Outcome"]["x-meanings"]["unchanged"] = "nothing is known"


def header_removed(contract: dict[str, Any]) -> None:
    headers = copy.deepcopy(contract["topics"]["imports.lifecycle"]["headers"])
    del headers["properties"]["ce_id"]
    contract["topics"]["imports.lifecycle"]["headers"] = headers


BREAKING = [
    removed_field, retyped_field, new_required_field, field_no_longer_sent, another_default, another_key, more_partitions,
    no_longer_public, topic_renamed, value_removed, value_added, another_meaning, header_removed,
]  # fmt: skip


@pytest.mark.parametrize("change", BREAKING)
def test_a_change_that_readers_do_not_survive_needs_a_new_version(change: Callable[[dict[str, Any]], None]) -> None:
    changed = copy.deepcopy(NOW)
    change(changed)
    assert compare.breaks(NOW, changed)
    assert compare.needs_version(NOW, changed)
    raised = {**changed, "version": f"{int(NOW['version'].split('.')[0]) + 1}.0.0"}
    assert not compare.needs_version(NOW, raised)


def test_what_readers_survive_needs_nothing() -> None:
    changed = copy.deepcopy(NOW)
    changed["events"]["RecordProvisioned"]["properties"]["note"] = {"type": "string", "default": ""}
    turns = changed["events"]["ImportChanged"]["$defs"]["LifecycleType"]
    turns["enum"].append("ImportArchived")
    turns["x-meanings"]["ImportArchived"] = "its records are gone"
    changed["topics"]["imports.emails"]["public"] = True
    changed["topics"]["imports.archive"] = {**NOW["topics"]["imports.emails"]}
    assert not compare.breaks(NOW, changed)
