"""Writes the documents that are made from code: topics.md, configuration.md, importing.md and the list in reliability.md. Run it
after changing a topic, a setting, the guide of the pages or a mutation; a test compares."""

import importlib
from collections.abc import Iterator
from pathlib import Path

from pydantic_core import PydanticUndefined

from shared.rights import (
    Right,
    rights_of_operator,
    rights_of_service,
    rights_of_subscriber,
    rights_to_put_back,
    rights_to_set_topics,
)
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
        "## Rights",
        "",
        "Where the cluster checks rights (ACLs), these are all that each user needs, and a test imports a file with exactly these. `…` means: every",
        "name that begins so (`--resource-pattern-type prefixed`). Read and Write include Describe; writing idempotently needs no right of its own. All",
        "names have `ROLLCALL_TOPIC_PREFIX` before them. Give each service a user of its own: what is written to these topics is believed.",
        "",
        "| user | right | on topics | on groups |",
        "|---|---|---|---|",
        *(line for user, rights in _users().items() for line in _right_lines(user, rights)),
        "",
        "For example, the first line as a command, for a user `validator`:",
        "",
        "```sh",
        _command("validator", rights_of_service("validator")[0]),
        "```",
        "",
    ]
    return "\n".join(lines)


def _users() -> dict[str, list[Right]]:
    return {
        **{service: rights_of_service(service) for service in ("validator", "provisioner", "notifier", "intake")},
        "intake, to put dead letters back on its page": rights_to_put_back(),
        "`rollcall topics apply`": rights_to_set_topics(),
        "`rollcall lag`, `dead-letters`, `retention`": rights_of_operator(),
        "another system that subscribes": rights_of_subscriber("its-groups."),
    }


def _right_lines(user: str, rights: list[Right]) -> Iterator[str]:
    by_operations: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for right in rights:
        on = by_operations.setdefault(tuple(right.operations), {"topic": [], "group": []})
        on[right.on].append(f"`{right.name}{'…' if right.prefixed else ''}`")
    for number, (operations, on) in enumerate(by_operations.items()):
        name = "" if number else user
        yield f"| {name} | {', '.join(operations)} | {', '.join(on['topic'])} | {', '.join(on['group'])} |"


def _command(user: str, right: Right) -> str:
    operations = " ".join(f"--operation {operation}" for operation in right.operations)
    return f"kafka-acls --bootstrap-server HOST:PORT --command-config admin.properties --add --allow-principal User:{user} {operations} --{right.on} {right.name}"


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
