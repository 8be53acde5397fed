"""Writes the contract from the code: asyncapi.yaml, and a JSON Schema per event. Run it after changing an event or a topic.
`--release` keeps the contract as the one that later changes are held against."""

import ast
import inspect
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from shared import events
from shared.topics import CONTRACT_VERSION, TOPICS, Topic

FOLDER = Path(__file__).parent
EXAMPLES = FOLDER.parents[1] / "tests" / "contract" / "golden"
RELEASED = FOLDER / "released.json"
CLOUD_EVENT = {
    "type": "object",
    "description": "CloudEvents 1.0 in binary mode",
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "description": "the event's id; the same whenever the same turn is told again"},
        "ce_source": {"type": "string", "description": "where the event comes from"},
        "ce_type": {"type": "string", "description": "`rollcall.` and the event's type"},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_subject": {"type": "string", "description": "the import's id"},
        "content-type": {"const": "application/json"},
    },
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "content-type"],
}

Json = dict[str, Any]


def schemas() -> dict[str, Json]:
    """Each event's JSON Schema by its name, with the words that stand beside its fields and values in the code."""
    beside = _comments()
    return {
        event.__name__: _schema(event, beside) for event in sorted({t.event for t in TOPICS}, key=lambda e: e.__name__)
    }


def _schema(event: type[Any], beside: dict[str, dict[str, str]]) -> Json:
    schema = TypeAdapter(event).json_schema()
    for name, part in {event.__name__: schema, **schema.get("$defs", {})}.items():
        kind = getattr(events, name)
        part.pop("title", None)
        part["description"] = " ".join((inspect.getdoc(kind) or "").split())
        if issubclass(kind, StrEnum):
            part["x-meanings"] = {str(value): beside[name].get(value.name, "") for value in kind}
        for field, about in part.get("properties", {}).items():
            about.pop("title", None)
            if words := beside[name].get(field):
                about["description"] = words
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{event.__name__}.json", **schema}


def _comments() -> dict[str, dict[str, str]]:
    """What is written beside each field and value of shared/events.py, by class and name."""
    source = inspect.getsource(events)
    lines, found = source.splitlines(), {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = {
                name: lines[(item.end_lineno or 0) - 1].partition("  # ")[2] or _inside(lines, item)
                for item in node.body if (name := _name_of(item))
            }  # fmt: skip
    return found


def _inside(lines: list[str], item: ast.stmt) -> str:
    comments = (line.partition("  # ")[2] for line in lines[item.lineno - 1 : item.end_lineno])
    return next((comment for comment in comments if comment), "")


def _name_of(item: ast.stmt) -> str:
    target = (
        item.target if isinstance(item, ast.AnnAssign) else item.targets[0] if isinstance(item, ast.Assign) else None
    )
    return target.id if isinstance(target, ast.Name) else ""


def topics() -> Json:
    """What readers of each topic rely on besides its event."""
    return {
        topic.name: {
            "event": topic.event.__name__, "key": topic.key, "partitions": topic.partitions, "public": topic.public,
            "headers": CLOUD_EVENT if topic.event is events.ImportChanged else {},
        }
        for topic in TOPICS
    }  # fmt: skip


def contract() -> Json:
    """All that a change is held against."""
    return {"version": CONTRACT_VERSION, "topics": topics(), "events": schemas()}


def asyncapi() -> Json:
    """The contract as an AsyncAPI 3.0 document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Rollcall",
            "version": CONTRACT_VERSION,
            "description": "Topics of Rollcall on Kafka. Those tagged public are for everybody, the others are between its "
            "services. Topic names may have a prefix.",
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {
            f"publish {topic.name}": {"action": "send", "channel": {"$ref": f"#/channels/{topic.name}"}} for topic in TOPICS
        },
        "components": {"messages": {topic.event.__name__: _message(topic) for topic in TOPICS}},
    }  # fmt: skip


def _channel(topic: Topic) -> Json:
    event = topic.event.__name__
    kept = "compacted" if topic.retention is None else f"kept for {topic.retention.days} days"
    return {
        "address": topic.name,
        "description": f"{topic.about[0].upper()}{topic.about[1:]}; {kept}. Key: {topic.key}.",
        "messages": {event: {"$ref": f"#/components/messages/{event}"}},
        "tags": [{"name": "public" if topic.public else "internal"}],
        "bindings": {"kafka": {"topic": topic.name, "partitions": topic.partitions, "bindingVersion": "0.5.0"}},
    }


def _message(topic: Topic) -> Json:
    event = topic.event.__name__
    headers = {"headers": CLOUD_EVENT} if topic.event is events.ImportChanged else {}
    return {
        "name": event,
        "contentType": "application/json",
        "payload": {"$ref": f"schemas/{event}.json"},
        **headers,
        "bindings": {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": "0.5.0"}},
        "examples": [{"name": event, "payload": json.loads((EXAMPLES / f"{event}.json").read_text(encoding="utf-8"))}],
    }


def documents() -> dict[str, str]:
    """Each file of the contract by its name."""
    files = {f"schemas/{name}.json": _json(schema) for name, schema in schemas().items()}
    header = "# Made from shared/events.py and shared/topics.py by docs/contract/generate.py.\n"
    return {
        "asyncapi.yaml": header + yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=120),
        **files,
    }


def _json(value: Json) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (FOLDER / "schemas").mkdir(exist_ok=True)
    for file, text in documents().items():
        (FOLDER / file).write_text(text, encoding="utf-8")
    if "--release" in sys.argv[1:]:
        RELEASED.write_text(_json(contract()), encoding="utf-8")
