"""Topics applied and checked, lag and dead letters read, on a real broker."""

import dataclasses
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.kafka.admin import TopicMissingError, apply_topics, check_topics, configuration, open_admin
from shared.kafka.dead_letters import read_dead_letters
from shared.kafka.lag import read_lag
from shared.kafka.message import Origin, dead_letter
from shared.kafka.publish import Message, Publisher
from shared.kafka.replay import replay_dead_letters
from shared.settings import ServiceSettings
from shared.topics import ALL_TOPICS, CONSUMERS, ROWS, TOPICS

from .conftest import Consuming, row, until
from .test_consume import Seen


@pytest.fixture(autouse=True)
async def all_topics(settings: ServiceSettings) -> None:
    await apply_topics(settings)


async def test_applying_the_topics_again_changes_nothing(settings: ServiceSettings) -> None:
    assert await apply_topics(settings) == []
    await check_topics(settings, ALL_TOPICS)


async def test_a_topic_with_too_few_partitions_is_named_and_raised(settings: ServiceSettings) -> None:
    wider = dataclasses.replace(ROWS, partitions=8)
    with pytest.raises(TopicMissingError, match=r"imports\.rows has 6 partitions.*rollcall topics apply"):
        await check_topics(settings, [wider])
    assert await apply_topics(settings, [wider]) == [
        f"raised {settings.topic_prefix}imports.rows from 6 to 8 partitions"
    ]
    assert await apply_topics(settings, [wider]) == []
    assert await apply_topics(settings, [ROWS]) == []  # never fewer: keys would move


async def test_a_missing_topic_is_named_with_what_to_do(settings: ServiceSettings) -> None:
    missing = dataclasses.replace(ROWS, name="imports.nowhere")
    with pytest.raises(TopicMissingError, match=r"imports\.nowhere does not exist; run `rollcall topics apply`"):
        await check_topics(settings, [ROWS, missing])


async def test_a_changed_retention_is_set_and_what_an_operator_set_besides_stays(settings: ServiceSettings) -> None:
    name = settings.topic_prefix + ROWS.name
    async with open_admin(settings) as admin:
        wanted = {**configuration(ROWS, settings), "segment.bytes": "52428800"}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, wanted)])
        await until(lambda: _segments_are_small(admin, name))
        longer = settings.model_copy(update={"row_topics_days": 5})
        assert await apply_topics(longer, [ROWS]) == [f"set retention.ms=432000000 on {name}"]
        found = await _configs(admin, name)
    assert (found["retention.ms"], found["segment.bytes"]) == ("432000000", "52428800")
    assert (found["cleanup.policy"], found["max.message.bytes"]) == ("delete", "1048588")


async def test_lag_is_what_is_on_the_topics_and_not_committed_also_while_nobody_runs(
    settings: ServiceSettings, publisher: Publisher, consuming: Consuming
) -> None:
    def of_rows(lags: Any) -> list[Any]:
        return [lag for lag in lags if lag.topic == "imports.rows"]

    await publisher.publish(ROWS, [row(number) for number in range(100)])
    before = await read_lag(settings)
    assert len(before) == sum(topic.partitions for topics in CONSUMERS.values() for topic in topics)
    assert sum(lag.lag for lag in of_rows(before)) == 100
    assert {lag.committed for lag in of_rows(before)} == {None}
    seen = Seen()
    async with consuming(seen):
        await until(lambda: len(seen.rows) >= 100)
    assert sum(lag.lag for lag in of_rows(await read_lag(settings))) == 0
    await publisher.publish(ROWS, [row(number) for number in range(30)])
    after = of_rows(await read_lag(settings))
    assert sum(lag.lag for lag in after) == 30
    assert all(lag.lag == lag.end - lag.committed for lag in after if lag.committed is not None)


async def test_dead_letters_go_back_once_to_where_they_came_from(
    settings: ServiceSettings, publisher: Publisher, on_topic: Any
) -> None:
    origin = Origin(settings.topic_prefix + ROWS.name, 4, 17, 0, "group", (("ce_id", b"1"),))
    letters = [dead_letter(origin, "event.not_json", b"key", b"%d" % number) for number in range(1500)]
    await publisher.publish(ROWS.dead, [*letters, dead_letter(origin, "event.too_large", b"big", b"x" * 2_000_000)])
    shown = [letter async for letter in read_dead_letters(settings, ROWS)]
    assert (shown[0].reason, shown[0].partition, shown[0].source_offset) == ("event.not_json", 4, 17)
    assert (shown[0].group, shown[0].replayed) == ("group", False)

    first = await replay_dead_letters(settings, ROWS)
    assert (first.replayed, first.cut) == (1500, 1)
    again = await replay_dead_letters(settings, ROWS)
    assert (again.replayed, again.cut) == (0, 0)
    records = await on_topic(ROWS)
    assert [record.value for record in records] == [b"%d" % number for number in range(1500)]
    assert {(record.partition, record.key, record.headers) for record in records} == {(4, b"key", (("ce_id", b"1"),))}
    assert all([letter.replayed async for letter in read_dead_letters(settings, ROWS)])


async def test_only_dead_letters_that_came_since_are_replayed_next_time(
    settings: ServiceSettings, publisher: Publisher
) -> None:
    origin = Origin(settings.topic_prefix + ROWS.name, 0, 0)
    await publisher.publish(ROWS.dead, [dead_letter(origin, "event.empty", b"1", b"")])
    await replay_dead_letters(settings, ROWS)
    await publisher.publish(
        ROWS.dead, [dead_letter(origin, "event.empty", b"2", b""), Message(b"3", b"from elsewhere")]
    )
    assert (await replay_dead_letters(settings, ROWS)).replayed == 2
    assert len(TOPICS) * 2 == len(ALL_TOPICS)


async def _configs(admin: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    return {entry[0]: entry[1] for entry in answer.resources[0][4]}


async def _segments_are_small(admin: AIOKafkaAdminClient, topic: str) -> bool:
    return (await _configs(admin, topic))["segment.bytes"] == "52428800"
