"""A service's consuming part in this process, on a real Kafka, with a network that can be cut."""

import asyncio
import inspect
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from shared.events import RowRead, encode
from shared.kafka.admin import apply_topics, open_admin
from shared.kafka.broker import SafeBroker, open_broker
from shared.kafka.connect import connection
from shared.kafka.consume import Batch, Subscription
from shared.kafka.publish import Message, Publisher, open_publisher
from shared.settings import KafkaSettings, ServiceSettings
from shared.topics import CHECKS, RESULTS, ROWS, Topic

Consuming = Callable[..., AbstractAsyncContextManager[SafeBroker]]


@pytest_asyncio.fixture
async def topic_prefix(kafka: str) -> AsyncIterator[str]:
    """The topics that these tests use, for one test alone."""
    prefix = f"test-{secrets.token_hex(6)}."
    of_test = KafkaSettings(kafka_bootstrap=kafka, topic_prefix=prefix)
    await apply_topics(of_test, (ROWS, CHECKS, RESULTS, ROWS.dead))
    yield prefix
    async with open_admin(of_test) as admin:
        await admin.delete_topics([name for name in await admin.list_topics() if name.startswith(prefix)])


@pytest.fixture
def settings(kafka: str, topic_prefix: str) -> ServiceSettings:
    return ServiceSettings(
        kafka_bootstrap=kafka,
        topic_prefix=topic_prefix,
        database_url="postgresql://nobody@localhost/none",
        stop_seconds=60,
    )


@pytest_asyncio.fixture
async def publisher(settings: ServiceSettings) -> AsyncIterator[Publisher]:
    async with open_publisher(settings) as opened:
        yield opened


@pytest.fixture
def consuming(settings: ServiceSettings, publisher: Publisher) -> Consuming:
    """`async with consuming(handler) as broker`: the handler gets the batches of `imports.rows`."""

    @asynccontextmanager
    async def consume(handler: Callable[[Batch[RowRead]], Awaitable[None]], max_records: int = 2000) -> Any:
        async def handle(batch: Batch[RowRead], deps: None) -> None:
            await handler(batch)

        subscription = Subscription(topic=ROWS, handler=handle, max_records=max_records)
        broker = open_broker("validator", [subscription], None, settings=settings, dead_letters=publisher)
        await broker.start()
        try:
            yield broker
        finally:
            await broker.stop()

    return consume


@pytest.fixture
def committed(settings: ServiceSettings) -> Callable[[], Awaitable[int]]:
    """How many records of `imports.rows` the validator's group has committed."""

    async def count() -> int:
        async with reading(settings, group_id=f"{settings.topic_prefix}validator.imports.rows") as consumer:
            offsets = [await consumer.committed(partition) for partition in partitions_of(settings, ROWS)]
            return sum(offset or 0 for offset in offsets)

    return count


@pytest.fixture
def on_topic(settings: ServiceSettings) -> Callable[[Topic], Awaitable[list[ConsumerRecord]]]:
    """All records that a topic holds."""

    async def read(topic: Topic) -> list[ConsumerRecord]:
        records = []
        async with reading(settings) as consumer:
            partitions = partitions_of(settings, topic)
            ends = await consumer.end_offsets(partitions)
            consumer.assign(partitions)
            await consumer.seek_to_beginning()
            while sum([await consumer.position(partition) for partition in partitions]) < sum(ends.values()):
                for some in (await consumer.getmany(timeout_ms=500)).values():
                    records += some
        return records

    return read


@asynccontextmanager
async def reading(settings: ServiceSettings, **arguments: Any) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(**connection(settings), enable_auto_commit=False, **arguments)
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


def partitions_of(settings: ServiceSettings, topic: Topic) -> list[TopicPartition]:
    return [TopicPartition(settings.topic_prefix + topic.name, number) for number in range(topic.partitions)]


def row_bytes(number: int) -> bytes:
    return encode(
        RowRead(
            import_id="i", experience_id="e", type="experience-learners", row=number,
            email_key=f"p{number}@example.org", cells=[f"p{number}@example.org"], columns={"email": 0},
        )
    )  # fmt: skip


def row(number: int, partition: int | None = None) -> Message:
    return Message(f"p{number}@example.org".encode(), row_bytes(number), partition=partition)


async def until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    """Wait for what must become true (a value, or something to await); fail when it does not."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if await found if inspect.isawaitable(found) else found:
                return
            await asyncio.sleep(0.02)
