"""Writes the documents that are made from code: topics.md, configuration.md, importing.md and the list in reliability.md. Run it
after changing a topic, a setting, the guide of the pages or a mutation; a test compares."""

import importlib
from collections.abc import Iterator
from pathlib import Path

from pydantic_core import PydanticUndefined

from shared.settings import ServiceSettings
from shared.topics import TOPICS, Topic
from tests.mutations.mutation import Mutation, read_mutations

DOCS = Path(__file__).parent
SERVICES = ("intake", "validator", "provisioner", "notifier")
PREFIX = ServiceSettings.model_config["env_prefix"]
MUTATIONS_BEGIN, MUTATIONS_END = "<!-- mutations: made by docs/generate.py -->", "<!-- end of mutations -->"


def topics_document() -> str:
    """The table of topics."""
    lines = [
        "# Topics",
        "",
        "Made from `shared/topics.py` by `docs/generate.py`. `rollcall topics apply` creates these; nothing else does.",
        "Every name has the setting `ROLLCALL_TOPIC_PREFIX` before it. Each topic has a `<topic>.dead` beside it for records that cannot be",
        "read: the original key and bytes, with the reason, partition and offset as headers.",
        "",
        "| topic | event | key | partitions | kept | public | what |",
        "|---|---|---|---|---|---|---|",
        *(_topic_line(topic) for topic in TOPICS),
        "",
        "A key decides the partition by murmur2, as Kafka's own clients do it, so that others can produce and join. Rows without an email",
        "have the empty key and are spread by row number.",
        "",
    ]
    return "\n".join(lines)


def _topic_line(topic: Topic) -> str:
    kept = (
        "for ever, newest per key"
        if topic.retention is None
        else f"{topic.retention.days} days (`{PREFIX}{topic.setting.upper()}`)"
    )
    public = "yes" if topic.public else ""
    return f"| `{topic.name}` | {topic.event.__name__} | {topic.key} | {topic.partitions} | {kept} | {public} | {topic.about} |"


def configuration_document() -> str:
    """The settings of all services."""
    lines = [
        "# Configuration",
        "",
        "Made from each service's `settings.py` by `docs/generate.py`. All settings are environment variables. Those without a default must be set.",
        "",
        "## Every service",
        "",
        *_table(ServiceSettings, skip=set()),
    ]
    for name in SERVICES:
        settings = importlib.import_module(f"services.{name}.settings").Settings
        lines += ["", f"## {name}", "", *_table(settings, skip=set(ServiceSettings.model_fields))]
    return "\n".join([*lines, ""])


def _table(settings: type[ServiceSettings], *, skip: set[str]) -> Iterator[str]:
    yield "| variable | default | what |"
    yield "|---|---|---|"
    for name, field in settings.model_fields.items():
        if name in skip:
            continue
        needed = field.default is PydanticUndefined
        default = "**must be set**" if needed else f"`{field.default}`" if field.default not in ("", None) else ""
        yield f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |"


def importing_document() -> str:
    """The guide, as the pages show it at /help."""
    return (DOCS.parent / "services" / "intake" / "pages" / "guide" / "en.md").read_text(encoding="utf-8")


def reliability_document() -> str:
    """The page as it stands, with the list of mutations of today."""
    written = (DOCS / "reliability.md").read_text(encoding="utf-8")
    before, _, rest = written.partition(MUTATIONS_BEGIN)
    _, _, after = rest.partition(MUTATIONS_END)
    return "\n".join([before + MUTATIONS_BEGIN, *_mutations(), MUTATIONS_END + after])


def _mutations() -> Iterator[str]:
    listed = read_mutations()
    for number, sentence in listed.rules.items():
        yield from (
            "",
            f"**{number}. {sentence}**",
            "",
            "| broken | what goes wrong then | caught by |",
            "|---|---|---|",
        )
        yield from (_mutation_line(mutation) for mutation in listed.mutations if mutation.rule == number)
    yield ""


def _mutation_line(mutation: Mutation) -> str:
    tests = "<br>".join(f"`{test.rpartition('::')[2]}`" for test in mutation.caught_by)
    return f"| {mutation.name} | {mutation.what} | {tests} |"


DOCUMENTS = {
    "topics.md": topics_document, "configuration.md": configuration_document, "importing.md": importing_document,
    "reliability.md": reliability_document,
}  # fmt: skip

if __name__ == "__main__":
    for name, document in DOCUMENTS.items():
        (DOCS / name).write_text(document(), encoding="utf-8")
