"""How far each service's groups are behind, in records and in time, also while the services are down."""

import asyncio
from dataclasses import dataclass
from itertools import groupby

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.kafka.admin import existing_partitions, open_admin
from shared.kafka.broker import group_of
from shared.kafka.connect import open_reader
from shared.kafka.groups import committed_of, coordinator_of
from shared.kafka.oldest import oldest_ages
from shared.settings import KafkaSettings
from shared.topics import ALL_TOPICS, CONSUMERS

Offsets = dict[TopicPartition, int]

_MEMBERS = 5  # where they stand in the description of a group


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionLag:
    """One group on one partition. Offsets are those of the next record."""

    service: str
    topic: str  # without prefix
    partition: int
    group: str
    members: int  # of the group; 0: nobody works on it
    committed: int | None  # None: the group has not committed here yet
    end: int
    lag: int  # records not yet handled
    age_seconds: float | None  # of the oldest of them; 0.0 when there is none, None when the broker could not say


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLag:
    """One group on all partitions of its topic."""

    service: str
    topic: str  # without prefix
    members: int
    lag: int
    most: int  # on one partition
    age_seconds: float | None  # of the oldest record; None when the broker could not say


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """One reading of the broker."""

    lags: list[PartitionLag]
    ends: Offsets  # the next offset of every partition of ours, those of dead letters too; names with prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    service: str
    topic: str
    id: str
    members: int
    committed: Offsets


async def read_lag(settings: KafkaSettings) -> list[PartitionLag]:
    """The lag of every group of our services on every partition. Topics that do not exist are left out."""
    return (await read_positions(settings)).lags


def by_group(lags: list[PartitionLag]) -> list[GroupLag]:
    """The same, a line for each group."""
    groups = []
    for (service, topic), found in groupby(lags, key=lambda lag: (lag.service, lag.topic)):
        partitions = list(found)
        counts = [lag.lag for lag in partitions]
        ages = [lag.age_seconds for lag in partitions if lag.lag and lag.age_seconds is not None]
        groups.append(
            GroupLag(
                service=service, topic=topic, members=partitions[0].members, lag=sum(counts), most=max(counts),
                age_seconds=max(ages, default=None) if any(counts) else 0.0,
            )
        )  # fmt: skip
    return groups


async def read_positions(settings: KafkaSettings) -> Positions:
    """Where our topics end and how far the groups of our services are. Leaves no trace."""
    prefix = settings.topic_prefix
    async with open_admin(settings) as admin, open_reader(settings) as reader:
        found = await existing_partitions(admin, {prefix + topic.name for topic in ALL_TOPICS})
        partitions = [TopicPartition(name, number) for name, count in found.items() for number in range(count)]
        await reader._client.set_topics(list(found))  # at once; else aiokafka learns of one after the other, 0.1 s each
        begins, ends = await reader.beginning_offsets(partitions), await reader.end_offsets(partitions)
        groups = await _read_groups(admin, partitions, prefix)
        ours = [(group, tp) for group in groups for tp in partitions if tp.topic == prefix + group.topic]
        firsts = {(group.id, tp): group.committed.get(tp, begins[tp]) for group, tp in ours}
        waiting = {(tp, first) for (_, tp), first in firsts.items() if first < ends[tp]}
        ages = await oldest_ages(reader, waiting)
    return Positions(ends=ends, lags=[_lag(group, tp, firsts[group.id, tp], ends[tp], ages) for group, tp in ours])


def _lag(
    group: _Group, tp: TopicPartition, first: int, end: int, ages: dict[tuple[TopicPartition, int], float]
) -> PartitionLag:
    return PartitionLag(
        service=group.service,
        topic=group.topic,
        partition=tp.partition,
        group=group.id,
        members=group.members,
        committed=group.committed.get(tp),
        end=end,
        lag=max(0, end - first),
        age_seconds=ages.get((tp, first)) if first < end else 0.0,
    )


async def _read_groups(admin: AIOKafkaAdminClient, partitions: list[TopicPartition], prefix: str) -> list[_Group]:
    async def read(service: str, topic: str) -> _Group:
        group = group_of(service, topic, prefix)
        coordinator = await coordinator_of(admin, group)
        ours = [tp for tp in partitions if tp.topic == prefix + topic]
        committed = await committed_of(admin, group, coordinator, ours)
        # Only now: a coordinator that still loads answers with an error and no members, and nobody looks at the error.
        (described,) = await admin.describe_consumer_groups([group], coordinator)
        return _Group(
            service=service,
            topic=topic,
            id=group,
            members=sum(len(found[_MEMBERS]) for found in described.groups),
            committed={partition: stored.offset for partition, stored in committed.items()},
        )

    return await asyncio.gather(*(read(service, topic.name) for service, its in CONSUMERS.items() for topic in its))
