"""Which changes of the contract break somebody who reads: services one version behind, other systems, replays of old events."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

GROWING = {"LifecycleType"}  # readers pass over values of these that they do not know


def breaks(old: Json, new: Json) -> list[str]:
    """A sentence for each change from the old contract to the new one that readers do not survive."""
    return [*_topics(old["topics"], new["topics"]), *_events(old["events"], new["events"])]


def needs_version(old: Json, new: Json) -> bool:
    """Whether the first number of the version must be raised and was not."""
    return bool(breaks(old, new)) and _major(new) <= _major(old)


def _major(contract: Json) -> int:
    return int(contract["version"].split(".")[0])


def _topics(old: Json, new: Json) -> Iterator[str]:
    for name, topic in old.items():
        if name not in new:
            yield f"topic {name} is gone"
            continue
        for fact in ("event", "key", "partitions", "public"):
            if topic[fact] != new[name][fact] and not (fact == "public" and new[name][fact]):
                yield f"topic {name}: {fact} was {topic[fact]!r} and is {new[name][fact]!r}"
        yield from _object(f"topic {name}: headers", topic["headers"], new[name]["headers"])


def _events(old: Json, new: Json) -> Iterator[str]:
    for name, event in old.items():
        if name not in new:
            yield f"event {name} is gone"
            continue
        parts, new_parts = _parts(name, event), _parts(name, new[name])
        for part, schema in parts.items():
            if part not in new_parts:
                yield f"{name}: {part} is gone"
            elif "enum" in schema:
                yield from _enum(f"{name}: {part}", schema, new_parts[part], grows=part in GROWING)
            else:
                yield from _object(f"{name}: {part}", schema, new_parts[part])


def _parts(name: str, event: Json) -> Json:
    return {name: event, **event.get("$defs", {})}


def _object(where: str, old: Json, new: Json) -> Iterator[str]:
    fields, new_fields = old.get("properties", {}), new.get("properties", {})
    required, now_required = set(old.get("required", ())), set(new.get("required", ()))
    for field, schema in fields.items():
        if field not in new_fields:
            yield f"{where}.{field} is gone"
        elif _type(schema) != _type(new_fields[field]):
            yield f"{where}.{field} has another type"
        elif schema.get("default") != new_fields[field].get("default"):
            yield f"{where}.{field} means something else when it is missing"
    for field in sorted(required - now_required):
        if field in new_fields:
            yield f"{where}.{field} may be missing now"
    for field in sorted(now_required - required):
        yield f"{where}.{field} is required now, and events of before have none"


def _type(schema: Json) -> Json:
    return {key: value for key, value in schema.items() if key not in ("description", "default")}


def _enum(where: str, old: Json, new: Json, *, grows: bool) -> Iterator[str]:
    for value in old["enum"]:
        if value not in new.get("enum", ()):
            yield f"{where}: {value} is gone"
        elif old["x-meanings"][value] != new["x-meanings"][value]:
            yield f"{where}: {value} means something else"
    for value in new.get("enum", ()):
        if value not in old["enum"] and not grows:
            yield f"{where}: {value} is new, and readers take a value that they do not know for a mistake"
