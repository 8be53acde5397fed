"""How far groups are behind: the same numbers as Kafka's own command, and how old what waits is."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import OffsetAndMetadata
from prometheus_client import REGISTRY

from shared.kafka import oldest
from shared.kafka.admin import apply_topics
from shared.kafka.connect import connection
from shared.kafka.lag import PartitionLag, read_lag
from shared.kafka.lag_gauges import measure_lag
from shared.kafka.message import Message
from shared.kafka.publish import Publisher
from shared.measure import Measuring
from shared.settings import ServiceSettings
from shared.topics import APPROVALS, CHECKS, CONSUMERS, LIFECYCLE, RESULTS, ROWS, Topic
from tests.stack.kafka_tools import Described, describe_all_groups

Member = Callable[[str, Topic], AbstractAsyncContextManager[AIOKafkaConsumer]]
PARTITIONS = ROWS.partitions


@pytest.fixture(autouse=True)
async def all_topics(settings: ServiceSettings) -> None:
    await apply_topics(settings)


@pytest.fixture
def member(settings: ServiceSettings) -> Member:
    """`async with member("validator", ROWS) as consumer`: somebody in that service's group, with all partitions."""

    @asynccontextmanager
    async def join(service: str, topic: Topic) -> AsyncIterator[AIOKafkaConsumer]:
        group = f"{settings.topic_prefix}{service}.{topic.name}"
        consumer = AIOKafkaConsumer(
            settings.topic_prefix + topic.name, **connection(settings), group_id=group, enable_auto_commit=False
        )
        await consumer.start()
        try:
            async with asyncio.timeout(60):
                while len(consumer.assignment()) < topic.partitions:
                    await asyncio.sleep(0.05)
            yield consumer
        finally:
            await consumer.stop()

    return join


async def test_lag_is_what_kafkas_own_command_says_with_members_without_and_with_nothing_committed(
    settings: ServiceSettings, publisher: Publisher, member: Member
) -> None:
    for topic in (ROWS, CHECKS, APPROVALS, RESULTS):
        await publisher.publish(topic, [numbered(number) for number in range(100)])
    async with member("validator", ROWS) as at_work, member("provisioner", APPROVALS):  # the second commits nothing
        await commit(at_work, settings.topic_prefix + ROWS.name, 7)
        async with member("intake", CHECKS) as left:
            await commit(left, settings.topic_prefix + CHECKS.name, 3)
        async with member("intake", RESULTS) as done:
            await commit(done, settings.topic_prefix + RESULTS.name, None)
        ours = await read_lag(settings)
        theirs = await said_by_kafka(settings)

    told = {(line.group, line.topic, line.partition): line for line in theirs}
    known = [line for line in theirs if line.group.startswith(settings.topic_prefix) and line.lag is not None]
    assert len(known) == 3 * PARTITIONS
    for lag in ours:
        assert agrees(lag, told.get((lag.group, settings.topic_prefix + lag.topic, lag.partition))), lag
    assert totals(ours) == {
        ("validator", "imports.rows"): (1, 100 - 7 * PARTITIONS),
        ("provisioner", "imports.approvals"): (1, 100),
        ("intake", "imports.checks"): (0, 100 - 3 * PARTITIONS),
        ("intake", "imports.results"): (0, 0),
        ("validator", "imports.results"): (0, 100),
        ("notifier", "imports.results"): (0, 100),
    }


async def said_by_kafka(settings: ServiceSettings) -> list[Described]:
    """What its own command says. It gives up on all groups while a topic of one is being deleted, as other tests do."""
    said: list[Described] = []
    async with asyncio.timeout(120):
        while not any(line.group.startswith(settings.topic_prefix) for line in said):
            said = await asyncio.to_thread(describe_all_groups, settings.kafka_bootstrap)
    return said


def agrees(lag: PartitionLag, line: Described | None) -> bool:
    """Where nothing is committed Kafka has no number for the lag, or no line at all; ours counts what will be read."""
    if line is None or line.lag is None:
        return lag.committed is None
    return (lag.committed, lag.end, lag.lag) == (line.current_offset, line.end_offset, line.lag)


async def test_a_time_lag_is_the_age_of_the_first_record_that_is_not_committed(
    settings: ServiceSettings, publisher: Publisher, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oldest, "FETCH_MS", 60_000)
    started = time.time()
    await publisher.publish(LIFECYCLE, [Message(b"", b"first", 0), Message(b"", b"second", 0)])
    await asyncio.sleep(1.2)
    await publisher.publish(LIFECYCLE, [Message(b"", b"third", 0)])
    async with member("validator", LIFECYCLE) as quick, member("notifier", LIFECYCLE) as slow:
        await commit(quick, settings.topic_prefix + LIFECYCLE.name, 2)
        await commit(slow, settings.topic_prefix + LIFECYCLE.name, 1)
        lags = {
            lag.service: lag for lag in await read_lag(settings) if (lag.topic, lag.partition) == (LIFECYCLE.name, 0)
        }
    ages = {service: lag.age_seconds for service, lag in lags.items()}
    assert 0 <= ages["validator"] <= ages["notifier"] - 1 <= ages["provisioner"] - 1 <= time.time() - started


async def test_a_group_that_has_everything_has_no_time_lag(settings: ServiceSettings) -> None:
    lags = await read_lag(settings)
    assert len(lags) == sum(topic.partitions for topics in CONSUMERS.values() for topic in topics)
    assert {(lag.lag, lag.age_seconds, lag.members) for lag in lags} == {(0, 0.0, 0)}


def numbered(number: int) -> Message:
    return Message(b"%d" % number, b"{}", number % PARTITIONS)


async def commit(consumer: AIOKafkaConsumer, topic: str, offset: int | None) -> None:
    """The same offset everywhere, no further than the end; None: the end."""
    ends = await consumer.end_offsets([TopicPartition(topic, tp.partition) for tp in consumer.assignment()])
    await consumer.commit(
        {tp: OffsetAndMetadata(end if offset is None else min(end, offset), "") for tp, end in ends.items()}
    )


def totals(lags: list[PartitionLag]) -> dict[tuple[str, str], tuple[int, int]]:
    """Members and lag of each group on the topics that were published to."""
    topics = ("imports.rows", "imports.checks", "imports.approvals", "imports.results")
    groups = {(lag.service, lag.topic): lag.members for lag in lags if lag.topic in topics}
    return {
        group: (members, sum(lag.lag for lag in lags if (lag.service, lag.topic) == group))
        for group, members in groups.items()
    }


async def test_a_broker_that_falls_silent_makes_the_lag_unknown_and_metrics_wait_no_longer_than_the_bound(
    settings: ServiceSettings, publisher: Publisher
) -> None:
    await publisher.publish(ROWS, [numbered(number) for number in range(60)])
    known = {
        "consumergroup": f"{settings.topic_prefix}validator.imports.rows",
        "topic": settings.topic_prefix + ROWS.name,
    }
    await Measuring([measure_lag(settings)], wait_seconds=60, most_seconds=60).refresh()
    assert lag_told(known) == [10.0] * PARTITIONS
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and says nothing
        away = settings.model_copy(update={"kafka_bootstrap": f"127.0.0.1:{silent.getsockname()[1]}"})
        measuring = Measuring([measure_lag(away)], wait_seconds=0.1, most_seconds=1.0)
        await measuring.refresh()
        assert lag_told(known) == [10.0] * PARTITIONS  # it goes on measuring, and nobody waits for it
        await Measuring([measure_lag(away)], wait_seconds=60, most_seconds=1.0).refresh()
    assert lag_told(known) == [None] * PARTITIONS
    assert REGISTRY.get_sample_value("rollcall_measured", {"what": "lag"}) == 0


def lag_told(labels: dict[str, str]) -> list[float | None]:
    """By partition."""
    places = [{**labels, "partition": str(number)} for number in range(PARTITIONS)]
    return [REGISTRY.get_sample_value("kafka_consumergroup_lag", place) for place in places]
