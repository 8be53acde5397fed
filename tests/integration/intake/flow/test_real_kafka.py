"""The same on a real Kafka: where rows and lifecycle events are to be found."""

import asyncio
import dataclasses
from contextlib import suppress

import pytest
from aiokafka import AIOKafkaConsumer

from services.intake.background import background_loops
from services.intake.consumers import on_records_checked
from services.intake.work.claim_work import Worker
from shared.events import Codec, RowRead
from shared.kafka.consume import Batch
from shared.kafka.publish import open_publisher, partition_of
from shared.topics import LIFECYCLE, ROW_PARTITIONS, ROWS
from tests.integration.intake.flow.world import checked, csv, eventually


@pytest.fixture
async def real(world, kafka, topic_prefix):
    """An intake process with its background loops, publishing to a real Kafka."""
    settings = world.deps.settings.model_copy(update={"kafka_bootstrap": kafka, "topic_prefix": topic_prefix})
    async with open_publisher(settings) as publisher:
        world.deps = dataclasses.replace(world.deps, publisher=publisher, settings=settings)
        loops = [asyncio.create_task(loop()) for loop in background_loops(world.deps, Worker(world.deps))]
        yield world
        for loop in loops:
            loop.cancel()
            with suppress(asyncio.CancelledError):
                await loop


@pytest.fixture
async def heard(kafka, topic_prefix):
    """Collects what is on a topic: `await heard(topic, count)`."""
    consumers = []

    async def heard(topic, count):
        consumer = AIOKafkaConsumer(topic_prefix + topic.name, bootstrap_servers=kafka, auto_offset_reset="earliest")
        consumers.append(consumer)
        await consumer.start()
        async with asyncio.timeout(90):
            return [await consumer.getone() for _ in range(count)]

    yield heard
    for consumer in consumers:
        await consumer.stop()


async def test_rows_lie_where_their_key_belongs_and_the_turns_of_the_import_are_told_in_order(real, heard):
    import_id = await real.submit(csv(300))
    records = await heard(ROWS, 300)
    for record in records:
        if record.key:
            assert record.partition == partition_of(record.key, ROW_PARTITIONS)
    assert len({record.partition for record in records if not record.key}) > 1
    rows = [Codec(RowRead).decode(record.value) for record in records]
    assert sorted(row.row for row in rows) == list(range(2, 302))
    await on_records_checked(Batch([checked(row) for row in rows], records), real.deps)
    await eventually(lambda: is_ready(real, import_id))
    events = await heard(LIFECYCLE, 2)
    assert [dict(event.headers)["ce_type"] for event in events] == [
        b"rollcall.ImportSubmitted",
        b"rollcall.ImportReady",
    ]
    assert {event.key for event in events} == {str(import_id).encode()}
    await eventually(lambda: nothing_left(real))


async def is_ready(world, import_id):
    return await world.status(import_id) == "ready"


async def nothing_left(world):
    return not await world.pool.fetchval("select count(*) from outbox")
