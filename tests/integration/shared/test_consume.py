"""Consuming as shared/kafka/consume.py promises it: nothing lost, nothing skipped, nothing blocked."""

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import CorruptRecordException

from shared.events import RowRead
from shared.kafka.brake import Brake
from shared.kafka.connect import connection
from shared.kafka.consume import Batch
from shared.kafka.publish import Message, Publisher
from shared.settings import ServiceSettings
from shared.topics import ROWS

from .conftest import Consuming, row, row_bytes, until

POISON = {
    b"not json": "event.not_json",
    b"\xff\xfe\x00": "event.not_json",
    b"[1, 2]": "event.wrong_shape",
    b'{"row": 3}': "event.wrong_shape",
    b'{"row": ' + b"9" * 5000 + b"}": "event.wrong_shape",
    b"[" * 100_000: "event.wrong_shape",
    b"": "event.empty",
    None: "event.empty",
}


class Seen:
    """A handler that keeps the row numbers it gets."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    async def __call__(self, batch: Batch[RowRead]) -> None:
        self.rows += [event.row for event in batch.events]


async def test_poison_in_the_middle_of_a_batch_goes_to_the_dead_letters_and_the_rest_goes_on(
    publisher: Publisher, consuming: Consuming, on_topic: Any, committed: Any
) -> None:
    good = [row(number, partition=2) for number in range(20)]
    bad = [Message(b"key", value, partition=2, headers=(("h", b"\xff"),)) for value in POISON]
    await publisher.publish(ROWS, [*good[:10], *bad, Message(None, row_bytes(99), 2), *good[10:]])
    seen = Seen()
    async with consuming(seen):
        await until(lambda: len(seen.rows) >= 21)
    assert seen.rows == [*range(10), 99, *range(10, 20)]
    letters = await on_topic(ROWS.dead)
    assert [letter.value for letter in letters] == list(POISON)
    facts = [{name: content.decode(errors="replace") for name, content in letter.headers} for letter in letters]
    assert [fact["reason"] for fact in facts] == list(POISON.values())
    assert [(fact["partition"], fact["offset"]) for fact in facts] == [("2", str(10 + n)) for n in range(len(POISON))]
    assert {letter.key for letter in letters} == {b"key"}
    assert await committed() == 29


async def test_a_rejected_event_goes_to_the_dead_letters_with_the_handlers_reason(
    publisher: Publisher, consuming: Consuming, on_topic: Any
) -> None:
    await publisher.publish(ROWS, [row(number, partition=0) for number in range(5)])
    seen = Seen()

    async def picky(batch: Batch[RowRead]) -> None:
        for index, event in enumerate(batch.events):
            if event.row == 3:
                batch.reject(index, "row.unwanted")
        await seen(batch)

    async with consuming(picky):
        await until(lambda: len(seen.rows) >= 5)
        await asyncio.sleep(0.1)
    (letter,) = await on_topic(ROWS.dead)
    assert (letter.value, dict(letter.headers)["reason"]) == (row_bytes(3), b"row.unwanted")


async def test_records_from_before_the_groups_first_start_are_handled(
    publisher: Publisher, consuming: Consuming
) -> None:
    await publisher.publish(ROWS, [row(number) for number in range(300)])
    seen = Seen()
    async with consuming(seen):
        await until(lambda: len(seen.rows) >= 300)
    assert sorted(seen.rows) == list(range(300))


@pytest.mark.parametrize("error", [ConnectionError("database is away"), TimeoutError(), asyncio.CancelledError()])
async def test_a_batch_whose_handler_raises_comes_again_in_order_and_is_not_committed_before(
    publisher: Publisher, consuming: Consuming, committed: Any, error: BaseException
) -> None:
    await publisher.publish(ROWS, [row(number, partition=number % 2) for number in range(100)])
    seen, tries, may_succeed = Seen(), [], asyncio.Event()

    async def failing(batch: Batch[RowRead]) -> None:
        tries.append(len(batch.events))
        if not may_succeed.is_set():
            raise error  # a stray CancelledError too: a cancelled future of a pool
        await seen(batch)

    async with consuming(failing) as broker:
        await until(lambda: len(tries) >= 2)
        assert await committed() == 0
        may_succeed.set()
        await until(lambda: len(seen.rows) >= 100)
        assert not any(task.done() for consumer in broker.consumers for task in consumer.subscriber.tasks)
    assert seen.rows == [*range(0, 100, 2), *range(1, 100, 2)] or seen.rows == [*range(1, 100, 2), *range(0, 100, 2)]
    assert await committed() == 100


async def test_an_offset_is_committed_only_when_the_work_is_done(
    publisher: Publisher, consuming: Consuming, committed: Any
) -> None:
    await publisher.publish(ROWS, [row(number) for number in range(10)])
    working, go_on = asyncio.Event(), asyncio.Event()

    async def slow(batch: Batch[RowRead]) -> None:
        working.set()
        await go_on.wait()

    async with consuming(slow):
        await working.wait()
        await asyncio.sleep(0.3)
        assert await committed() == 0
        go_on.set()
    assert await committed() == 10  # stopping waited for the batch in flight


async def test_an_event_that_the_handler_cannot_take_is_found_and_the_others_are_handled(
    publisher: Publisher, consuming: Consuming, on_topic: Any
) -> None:
    await publisher.publish(ROWS, [row(number, partition=1) for number in range(64)])
    seen = Seen()

    async def choking(batch: Batch[RowRead]) -> None:
        if any(event.row in (7, 50) for event in batch.events):
            raise ValueError("out of range")
        await seen(batch)

    async with consuming(choking):
        await until(lambda: len(seen.rows) >= 62)
        await asyncio.sleep(0.1)
    assert seen.rows == [number for number in range(64) if number not in (7, 50)]
    letters = await on_topic(ROWS.dead)
    assert [(letter.value, dict(letter.headers)["reason"]) for letter in letters] == [
        (row_bytes(7), b"event.not_handled"),
        (row_bytes(50), b"event.not_handled"),
    ]


async def test_a_poll_that_fails_loses_nothing_even_before_the_first_commit(
    publisher: Publisher, consuming: Consuming
) -> None:
    """aiokafka drops what it took from the other partitions, and its seek_to_committed ignores a first start."""
    seen = Seen()
    async with consuming(seen, max_records=50) as broker:
        fetcher = broker.consumers[0].polling._fetcher
        fetch, failed = fetcher.fetched_records, []

        async def failing(*arguments: Any, **named: Any) -> Any:
            records = await fetch(*arguments, **named)
            if records and len(failed) < 2:
                failed.append(sum(len(some) for some in records.values()))
                raise CorruptRecordException("as if the next partition's batch could not be unpacked")
            return records

        fetcher.fetched_records = failing
        await publisher.publish(ROWS, [row(number) for number in range(200)])
        await until(lambda: len(set(seen.rows)) >= 200)
    assert sum(failed) > 0
    assert sorted(set(seen.rows)) == list(range(200))


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
async def test_batches_of_other_producers_are_read_whatever_their_compression(
    settings: ServiceSettings, consuming: Consuming, compression: str
) -> None:
    producer = AIOKafkaProducer(**connection(settings), compression_type=compression)
    await producer.start()
    for number in range(50):
        await producer.send(settings.topic_prefix + ROWS.name, row_bytes(number), key=b"k")
    await producer.stop()
    seen = Seen()
    async with consuming(seen):
        await until(lambda: len(seen.rows) >= 50)
    assert seen.rows == list(range(50))


async def test_a_second_member_joins_and_leaves_without_a_row_done_twice(
    publisher: Publisher, consuming: Consuming
) -> None:
    await publisher.publish(ROWS, [row(number) for number in range(300)])
    first, second = Seen(), Seen()

    def slowly(seen: Seen) -> Any:
        async def handle(batch: Batch[RowRead]) -> None:
            await asyncio.sleep(0.25)
            await seen(batch)

        return handle

    async with consuming(slowly(first), max_records=20):
        await until(lambda: bool(first.rows))
        async with consuming(slowly(second), max_records=20):  # joins while the first one has a batch in flight
            await publisher.publish(ROWS, [row(number) for number in range(300, 400)])
            await until(lambda: bool(second.rows))
        await until(lambda: len(first.rows) + len(second.rows) >= 400)
    assert sorted(first.rows + second.rows) == list(range(400))


async def test_a_topic_full_of_rubbish_pulls_the_brake_and_good_rows_let_it_go(
    publisher: Publisher, consuming: Consuming, on_topic: Any
) -> None:
    await publisher.publish(ROWS, [Message(b"k", b"rubbish", partition=0) for _ in range(600)])
    seen = Seen()
    async with consuming(seen, max_records=100) as broker:
        consumption = broker.consumers[0].consumption
        consumption.brake = Brake(burst=200, stop_seconds=60.0)
        await until(lambda: consumption.brake.pulled)
        await asyncio.sleep(0.3)
        assert len(await on_topic(ROWS.dead)) in (200, 300)  # the burst; what was in flight before the brake was ours
        await publisher.publish(ROWS, [row(number, partition=0) for number in range(100)])
        consumption.brake._stop_seconds = 0.1
        broker.consumers[0].polling.hold(0.0)
        await until(lambda: len(seen.rows) >= 100)
        await until(lambda: not consumption.brake.pulled)
    assert len(await on_topic(ROWS.dead)) == 600
