"""The events on the wire: one golden example each, read alike by msgspec (the row path) and pydantic (the schemas)."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from shared import events
from shared.topics import TOPICS

GOLDEN = Path(__file__).parent / "golden"
EVENT_TYPES = sorted({topic.event for topic in TOPICS}, key=lambda event: event.__name__)


def golden(event_type: type[Any]) -> bytes:
    return (GOLDEN / f"{event_type.__name__}.json").read_bytes()


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_every_event_has_an_example_that_both_readers_understand_alike(event_type: type[Any]) -> None:
    fast = events.Codec(event_type).decode(golden(event_type))
    strict = TypeAdapter(event_type).validate_json(golden(event_type))
    assert fast == strict
    assert isinstance(fast, event_type)


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_what_we_write_is_the_example_again(event_type: type[Any]) -> None:
    event = events.Codec(event_type).decode(golden(event_type))
    assert json.loads(events.encode(event)) == json.loads(golden(event_type))


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_fields_of_a_newer_version_are_ignored(event_type: type[Any]) -> None:
    newer = json.loads(golden(event_type)) | {"added_in_a_later_version": {"deep": [1, 2]}}
    assert events.Codec(event_type).decode(json.dumps(newer).encode()) == events.Codec(event_type).decode(
        golden(event_type)
    )


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_a_missing_required_field_is_refused_by_both_readers(event_type: type[Any]) -> None:
    required = TypeAdapter(event_type).json_schema()["required"]
    for name in required:
        lacking = json.dumps(
            {key: value for key, value in json.loads(golden(event_type)).items() if key != name}
        ).encode()
        with pytest.raises(ValueError, match=name):
            events.Codec(event_type).decode(lacking)
        with pytest.raises(ValueError, match=name):
            TypeAdapter(event_type).validate_json(lacking)


def test_the_turns_that_subscribers_know_keep_their_names() -> None:
    assert [str(turn) for turn in events.LifecycleType] == [
        "ImportSubmitted", "ImportRejected", "ImportReady", "ImportStarted", "ImportCancelling", "ImportCancelled",
        "ImportCompleted", "ImportEmailsReleased", "ImportEmailsResent",
    ]  # fmt: skip
