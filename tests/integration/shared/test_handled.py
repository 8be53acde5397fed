"""What a service has not got to is late; what it has passed without an answer is lost. On a real broker."""

import time
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from shared.kafka import handled
from shared.kafka.admin import apply_topics, existing_partitions, open_admin
from shared.kafka.broker import group_of
from shared.kafka.connect import connection
from shared.kafka.handled import Handled
from shared.kafka.publish import Message, Publisher
from shared.settings import ServiceSettings
from shared.topics import CHECKS, ROWS, Topic

from .conftest import until

ONE = 3  # a partition


@pytest.fixture(autouse=True)
async def topics(settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handled, "LOOK_SECONDS", 0.0)
    await apply_topics(settings, [ROWS, CHECKS])


@pytest.fixture
async def publisher(settings: ServiceSettings) -> AsyncIterator[Publisher]:
    made = Publisher(settings)
    yield made
    await made.stop()


@pytest.fixture
def way(settings: ServiceSettings) -> Handled:
    return Handled(settings, ("validator", ROWS), ("intake", CHECKS))


async def publish(publisher: Publisher, topic: Topic, events: int) -> None:
    await publisher.publish(topic, [Message(b"", b"{}", ONE)] * events)


async def handle(settings: ServiceSettings, service: str, topic: Topic, *, upto: int) -> None:
    """The service's group has handled so many events."""
    group = group_of(service, topic.name, settings.topic_prefix)
    consumer = AIOKafkaConsumer(**connection(settings), group_id=group, enable_auto_commit=False)
    await consumer.start()
    partition = TopicPartition(settings.topic_prefix + topic.name, ONE)
    consumer.assign([partition])
    await consumer.commit({partition: upto})
    await consumer.stop()


async def test_on_topics_without_events_everything_is_handled(way: Handled) -> None:
    before = time.monotonic()
    assert await way.upto() >= before


async def test_what_a_service_that_never_ran_has_before_it_is_not_handled(way: Handled, publisher: Publisher) -> None:
    await publish(publisher, ROWS, 1)
    assert await way.upto() == handled.UNKNOWN


async def test_both_the_question_and_its_answer_must_be_handled(
    way: Handled, publisher: Publisher, settings: ServiceSettings
) -> None:
    await publish(publisher, ROWS, 5)
    await handle(settings, "validator", ROWS, upto=5)
    await publish(publisher, CHECKS, 5)
    assert await way.upto() == handled.UNKNOWN
    await handle(settings, "intake", CHECKS, upto=5)
    asked = time.monotonic()
    assert await way.upto() >= asked


async def test_on_a_topic_that_never_rests_an_earlier_moment_is_known(
    way: Handled, publisher: Publisher, settings: ServiceSettings
) -> None:
    await publish(publisher, ROWS, 5)
    before = time.monotonic()
    assert await way.upto() == handled.UNKNOWN  # marks where the topic ends
    after = time.monotonic()
    await publish(publisher, ROWS, 5)
    await handle(settings, "validator", ROWS, upto=7)
    assert before <= await way.upto() <= after


async def test_what_retention_removed_is_waited_for_no_longer(
    way: Handled, publisher: Publisher, settings: ServiceSettings
) -> None:
    await publish(publisher, ROWS, 5)
    await handle(settings, "validator", ROWS, upto=2)
    async with open_admin(settings) as admin:
        await admin.delete_records(
            {TopicPartition(settings.topic_prefix + ROWS.name, ONE): RecordsToDelete(before_offset=5)}
        )
    asked = time.monotonic()
    assert await way.upto() >= asked


async def test_a_topic_that_was_made_anew_is_measured_anew(
    way: Handled, publisher: Publisher, settings: ServiceSettings
) -> None:
    await publish(publisher, ROWS, 5)
    assert await way.upto() == handled.UNKNOWN
    async with open_admin(settings) as admin:
        await admin.delete_topics([settings.topic_prefix + ROWS.name])
        await until(lambda: is_gone(admin, settings.topic_prefix + ROWS.name))
    await apply_topics(settings, [ROWS])
    await publish(publisher, ROWS, 2)
    before = time.monotonic()
    assert await way.upto() == handled.UNKNOWN  # marks where the new one ends
    after = time.monotonic()
    await publish(publisher, ROWS, 1)
    await handle(settings, "validator", ROWS, upto=2)
    assert before <= await way.upto() <= after
    await handle(settings, "validator", ROWS, upto=3)
    asked = time.monotonic()
    assert await way.upto() >= asked


async def test_while_a_topic_is_gone_nothing_counts_as_handled(way: Handled, settings: ServiceSettings) -> None:
    name = settings.topic_prefix + ROWS.name
    async with open_admin(settings) as admin:
        await admin.delete_topics([name])
        await until(lambda: is_gone(admin, name))
    assert await way.upto() == handled.UNKNOWN
    await apply_topics(settings, [ROWS])
    assert await way.upto() > handled.UNKNOWN


async def is_gone(admin: AIOKafkaAdminClient, topic: str) -> bool:
    return not await existing_partitions(admin, [topic])
