"""How far each service's groups are behind, also while the services are down."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.kafka.admin import existing_partitions, open_admin
from shared.kafka.broker import group_of
from shared.kafka.connect import connection
from shared.settings import KafkaSettings
from shared.topics import CONSUMERS


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionLag:
    """One group on one partition. Offsets are those of the next record."""

    service: str
    topic: str  # without prefix
    partition: int
    group: str
    committed: int | None  # None: the group has not committed here yet
    end: int
    lag: int  # records not yet handled


async def read_lag(settings: KafkaSettings) -> list[PartitionLag]:
    """The lag of every group of our services on every partition. Topics that do not exist are left out."""
    groups = [(service, topic.name) for service, topics in CONSUMERS.items() for topic in topics]
    async with open_admin(settings) as admin:
        found = await existing_partitions(admin, {settings.topic_prefix + topic for _, topic in groups})
        partitions = [TopicPartition(name, number) for name, count in found.items() for number in range(count)]
        begins, ends = await _ranges(settings, partitions)
        lags = []
        for service, topic in groups:
            group = group_of(service, topic, settings.topic_prefix)
            ours = [partition for partition in partitions if partition.topic == settings.topic_prefix + topic]
            committed = await _committed(admin, group, ours)
            lags += [
                PartitionLag(
                    service=service, topic=topic, partition=tp.partition, group=group, committed=committed.get(tp),
                    end=ends[tp], lag=max(0, ends[tp] - committed.get(tp, begins[tp])),
                )
                for tp in ours
            ]  # fmt: skip
    return lags


async def _ranges(
    settings: KafkaSettings, partitions: list[TopicPartition]
) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    """First and next offset of each partition."""
    consumer = AIOKafkaConsumer(**connection(settings))
    await consumer.start()
    try:
        return await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    finally:
        await consumer.stop()


async def _committed(
    admin: AIOKafkaAdminClient, group: str, partitions: Iterable[TopicPartition]
) -> dict[TopicPartition, int]:
    partitions = list(partitions)
    if not partitions:
        return {}
    offsets = await admin.list_consumer_group_offsets(group, partitions=partitions)  # without the list it may raise
    return {partition: stored.offset for partition, stored in offsets.items() if stored.offset >= 0}
