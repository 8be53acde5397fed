"""A record on its way out, and what a dead letter looks like."""

import time
from typing import NamedTuple

from aiokafka import ConsumerRecord
from aiokafka.record.default_records import DefaultRecordBatchBuilder

Headers = tuple[tuple[str, bytes], ...]

RECORD_LIMIT = 1_000_000  # bytes of one record with its key and headers; a broker takes 1,048,588 in a batch by default
_SURELY_SMALL = RECORD_LIMIT - 100_000  # key and value alone; below it and without headers nothing needs measuring
_HEADERS_LIMIT = 50_000  # of a dead letter, beside the facts
ORIGINAL = "original."  # before the names of the headers that a dead letter's record had


class Message(NamedTuple):
    """What goes onto a topic. `partition` None: chosen by the key."""

    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: Headers = ()


class Origin(NamedTuple):
    """Where the record of a dead letter was read, by which group, and the headers it had."""

    topic: str  # with its prefix
    partition: int = -1  # -1: it never reached the topic
    offset: int = -1
    timestamp: int = -1  # milliseconds since 1970
    group: str = ""
    headers: Headers = ()


def fits(message: Message) -> bool:
    """Whether the broker will take it. One record that is too large would block its partition for ever."""
    size = len(message.key or b"") + len(message.value or b"")
    if size < _SURELY_SMALL and not message.headers:
        return True
    return bool(
        DefaultRecordBatchBuilder.estimate_size_in_bytes(message.key, message.value, list(message.headers))
        <= RECORD_LIMIT
    )


def origin_of(record: ConsumerRecord, group: str) -> Origin:
    """Where a consumed record came from."""
    return Origin(record.topic, record.partition, record.offset, record.timestamp, group, tuple(record.headers))


def dead_letter(origin: Origin, reason: str, key: bytes | None, value: bytes | None) -> Message:
    """The record as it came, with where it came from and why it is here. What does not fit is cut, and `cut` says so."""
    headers = tuple((ORIGINAL + name, content) for name, content in origin.headers)
    if sum(len(name) + len(content or b"") for name, content in headers) > _HEADERS_LIMIT:
        headers = ()
    short_key = key if key is None else key[: _SURELY_SMALL // 2]
    short_value = value if value is None else value[: _SURELY_SMALL - len(short_key or b"")]
    facts = {
        "reason": reason,
        "topic": origin.topic,
        "partition": str(origin.partition),
        "offset": str(origin.offset),
        "timestamp": str(origin.timestamp),
        "group": origin.group,
        "dead_at": str(int(time.time() * 1000)),
    }
    if (short_key, short_value, len(headers)) != (key, value, len(origin.headers)):
        facts["cut"] = f"key of {len(key or b'')}, value of {len(value or b'')} bytes, {len(origin.headers)} headers"
    return Message(
        short_key, short_value, headers=tuple((name, fact.encode()) for name, fact in facts.items()) + headers
    )
