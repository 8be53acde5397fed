"""Batches that our own producers never write: their neighbours are handled, and memory stays bounded."""

import gzip
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import cramjam
import psutil
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.codec import lz4_encode
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from shared.events import RowRead
from shared.kafka.connect import connection
from shared.kafka.consume import Batch
from shared.kafka.dead_letters import read_dead_letters
from shared.kafka.message import Origin, dead_letter
from shared.kafka.publish import Publisher
from shared.kafka.replay import replay_dead_letters
from shared.kafka.unpack import UNPACKED_LIMIT
from shared.settings import ServiceSettings
from shared.topics import ROWS, Topic

from .conftest import Consuming, row, row_bytes, until

MIB = 1024 * 1024
NOW = int(time.time() * 1000)  # an older time stamp would be for the broker to delete
PACK: dict[str, tuple[int, Callable[[bytes], Any]]] = {
    "gzip": (1, gzip.compress),
    "lz4": (3, lz4_encode),
    "zstd": (4, cramjam.zstd.compress),
}
_HEADER_BYTES = 61


class Seen:
    """A handler that keeps the row numbers it gets, and the most memory this process had."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.memory = 0

    async def __call__(self, batch: Batch[RowRead]) -> None:
        self.rows += [event.row for event in batch.events]
        self.memory = max(self.memory, psutil.Process(os.getpid()).memory_info().rss)


async def test_a_header_name_that_is_not_utf_8_costs_neither_its_record_nor_the_others_of_its_batch(
    settings: ServiceSettings, publisher: Publisher, consuming: Consuming, on_topic: Any, committed: Any
) -> None:
    """Any C client can write one, and aiokafka fails at it for ever."""
    await publisher.publish(ROWS, [row(number, partition=number % 6) for number in range(60)])
    values = [row_bytes(60), row_bytes(61), b"no row", row_bytes(62)]
    await _send(settings, values, change=lambda batch: batch.replace(b"name", b"\xff\xfe\xfd\xfc"), partition=2)
    await publisher.publish(ROWS, [row(number, partition=number % 6) for number in range(63, 123)])
    seen = Seen()
    async with consuming(seen):
        await until(lambda: len(seen.rows) >= 123)
        await until(lambda: _all_committed(committed, 124))
    assert sorted(seen.rows) == list(range(123))
    (letter,) = await on_topic(ROWS.dead)
    assert (letter.value, dict(letter.headers)["reason"]) == (b"no row", b"event.not_json")


@pytest.mark.parametrize("codec", PACK)
async def test_a_small_batch_that_unpacks_to_a_huge_one_is_not_unpacked(
    settings: ServiceSettings, publisher: Publisher, consuming: Consuming, on_topic: Any, codec: str
) -> None:
    await publisher.publish(ROWS, [row(number, partition=1) for number in range(10)])
    await _send(settings, [bytes(200 * MIB)], codec=codec, partition=1)
    await publisher.publish(ROWS, [row(number, partition=1) for number in range(10, 20)])
    seen, before = Seen(), psutil.Process(os.getpid()).memory_info().rss
    async with consuming(seen):
        await until(lambda: len(seen.rows) >= 20)
    assert seen.rows == list(range(20))
    (letter,) = await on_topic(ROWS.dead)
    facts = dict(letter.headers)
    assert (facts["reason"], facts["partition"], facts["offset"]) == (b"batch.not_unpacked", b"1", b"10")
    assert seen.memory - before < 4 * UNPACKED_LIMIT


async def test_many_batches_that_are_fine_one_by_one_do_not_come_all_at_once(
    settings: ServiceSettings, publisher: Publisher, consuming: Consuming, on_topic: Any
) -> None:
    await _send(settings, [b"a" * (20 * MIB)], codec="zstd", partition=3, times=20)
    await publisher.publish(ROWS, [row(1, partition=3)])
    seen, before = Seen(), psutil.Process(os.getpid()).memory_info().rss
    async with consuming(seen):
        await until(lambda: seen.rows, seconds=60)
    letters = await on_topic(ROWS.dead)
    assert {dict(letter.headers)["offset"] for letter in letters} == {str(offset).encode() for offset in range(20)}
    assert seen.memory - before < 8 * UNPACKED_LIMIT


async def test_dead_letters_that_cannot_be_unpacked_are_said_and_passed_over(
    settings: ServiceSettings, publisher: Publisher, on_topic: Any
) -> None:
    letter = dead_letter(Origin(ROWS.name), "event.empty", b"k", b"v")
    await publisher.publish(ROWS.dead, [letter])
    await _send(settings, [bytes(200 * MIB)], codec="zstd", partition=0, topic=ROWS.dead)
    await publisher.publish(ROWS.dead, [letter])
    letters = [letter async for letter in read_dead_letters(settings, ROWS)]
    assert [letter.reason for letter in letters] == ["event.empty", "batch.not_unpacked", "event.empty"]
    done = await replay_dead_letters(settings, ROWS)
    assert (done.replayed, done.cut) == (2, 1)
    assert [record.value for record in await on_topic(ROWS)] == [b"v", b"v"]


async def _all_committed(committed: Any, count: int) -> bool:
    return bool(await committed() == count)


async def _send(
    settings: ServiceSettings, values: Sequence[bytes], *, codec: str = "", change: Any = None, partition: int,
    times: int = 1, topic: Topic = ROWS,
) -> None:  # fmt: skip
    """Batches of these values, as a client writes them that does not use our publisher."""
    content = _batch(values)
    content = change(content) if change else content
    content = _packed(content, *PACK[codec]) if codec else _summed(bytearray(content))
    async with AIOKafkaProducer(**connection(settings)) as producer:
        for _ in range(times):
            batch = producer.create_batch()
            batch.append(key=b"k", value=b"v", timestamp=NOW)
            batch._build()
            batch._buffer = content
            await (await producer.send_batch(batch, settings.topic_prefix + topic.name, partition=partition))


def _batch(values: Sequence[bytes]) -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1024 * MIB)
    for offset, value in enumerate(values):
        builder.append(offset, NOW, b"k", value, [("name", b"x")])
    return bytes(builder.build())


def _packed(content: bytes, number: int, pack: Callable[[bytes], Any]) -> bytearray:
    packed = bytearray(content[:_HEADER_BYTES] + bytes(pack(content[_HEADER_BYTES:])))
    packed[8:12] = (len(packed) - 12).to_bytes(4, "big")
    packed[22] |= number
    return _summed(packed)


def _summed(content: bytearray) -> bytearray:
    content[17:21] = calc_crc32c(bytes(content[21:])).to_bytes(4, "big")
    return content
