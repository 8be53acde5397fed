"""What can happen to Kafka's data: each loss is done to all topics of a broker, or to those that are named."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from .conftest import CHECKOUT, ROLLCALL

Loss = Callable[[str, Collection[str]], Awaitable[None]]
DIRECTORY = "directory.changes"  # compacted: a broker deletes no beginning of it
TOPICS = (
    "imports.lifecycle", "imports.rows", "imports.checks", "imports.approvals", "imports.results", "imports.emails",
    DIRECTORY,
)  # fmt: skip


async def recreate_topics(kafka: str, topics: Collection[str] = TOPICS) -> None:
    """Delete topics with all that is in them, then create them as an operator does."""
    async with _admin(kafka) as admin:
        await admin.delete_topics(list(topics))
        while set(topics) & set(await admin.list_topics()):
            await asyncio.sleep(0.1)
    await asyncio.to_thread(
        subprocess.run, [ROLLCALL, "topics", "apply"], cwd=CHECKOUT, check=True, capture_output=True,
        env={**os.environ, "ROLLCALL_KAFKA_BOOTSTRAP": kafka},
    )  # fmt: skip


async def pass_retention(kafka: str, topics: Collection[str] = TOPICS) -> None:
    """Have the broker delete all records that are there now, as it does when they are old."""
    async with (
        _admin(kafka) as admin,
        AIOKafkaConsumer(bootstrap_servers=kafka) as reader,
    ):
        ends = await reader.end_offsets(await _partitions(admin, set(topics) - {DIRECTORY}))
        await admin.delete_records({place: RecordsToDelete(end) for place, end in ends.items()})


async def skip_to_latest(kafka: str, topics: Collection[str] = TOPICS) -> None:
    """Reset the groups' offsets to the end; they must have no members."""
    await _reset(kafka, topics, latest=True)


async def replay_from_earliest(kafka: str, topics: Collection[str] = TOPICS) -> None:
    """Reset the groups' offsets to the beginning; they must have no members."""
    await _reset(kafka, topics, latest=False)


async def records_on(kafka: str, topic: str) -> int:
    """How many records were ever written to a topic."""
    async with (
        _admin(kafka) as admin,
        AIOKafkaConsumer(bootstrap_servers=kafka) as reader,
    ):
        return sum((await reader.end_offsets(await _partitions(admin, [topic]))).values())


async def told(kafka: str, import_id: str, turn: str) -> None:
    """Wait until a turn of an import is on its topic."""
    async with (
        _admin(kafka) as admin,
        AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest") as reader,
    ):
        reader.assign(await _partitions(admin, ["imports.lifecycle"]))
        async for record in reader:
            if record.key == import_id.encode() and ("ce_type", f"rollcall.{turn}".encode()) in record.headers:
                return


@asynccontextmanager
async def _admin(kafka: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def _reset(kafka: str, topics: Collection[str], *, latest: bool) -> None:
    async with _admin(kafka) as admin:
        groups = [name for name, _ in await admin.list_consumer_groups() if name.partition(".")[2] in topics]
        assert groups
        for group in groups:
            places = await _partitions(admin, [group.partition(".")[2]])
            async with AIOKafkaConsumer(bootstrap_servers=kafka, group_id=group, enable_auto_commit=False) as member:
                member.assign(places)
                await member.commit(await (member.end_offsets if latest else member.beginning_offsets)(places))


async def _partitions(admin: AIOKafkaAdminClient, topics: Collection[str]) -> list[TopicPartition]:
    described = await admin.describe_topics(list(topics))
    return [TopicPartition(topic["topic"], part["partition"]) for topic in described for part in topic["partitions"]]
