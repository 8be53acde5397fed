"""Publishing as shared/kafka/publish.py promises it."""

import asyncio
import os
from contextlib import suppress
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from shared.kafka.admin import configuration, open_admin
from shared.kafka.connect import connection
from shared.kafka.publish import Message, Publisher, open_publisher
from shared.settings import ServiceSettings
from shared.topics import RESULTS, ROWS

from .conftest import row, until

PROBE = b"probe"  # key of what asks whether the broker takes 5000 bytes


async def test_keyed_messages_lie_where_any_standard_producer_puts_them_and_in_order(
    settings: ServiceSettings, publisher: Publisher, on_topic: Any
) -> None:
    keys = [f"p{number % 40}@exämple.org".encode() for number in range(400)]
    await publisher.publish(ROWS, [Message(key, str(n).encode()) for n, key in enumerate(keys)])
    standard = AIOKafkaProducer(**connection(settings))
    await standard.start()
    for n, key in enumerate(keys):
        await standard.send(settings.topic_prefix + RESULTS.name, str(n).encode(), key=key)
    await standard.stop()

    def where(records: list[Any]) -> list[tuple[int, bytes]]:
        return sorted((record.partition, record.offset, record.value) for record in records)

    assert where(await on_topic(ROWS)) == where(await on_topic(RESULTS))


async def test_a_record_that_is_too_large_becomes_a_dead_letter_and_its_partition_goes_on(
    publisher: Publisher, on_topic: Any
) -> None:
    huge = Message(b"huge", b"x" * 2_000_000, partition=3)
    await publisher.publish(ROWS, [row(1, partition=3), huge, row(2, partition=3)])
    await publisher.publish(ROWS, [row(3, partition=3)])
    assert [record.value for record in await on_topic(ROWS)] == [row(n).value for n in (1, 2, 3)]
    (letter,) = await on_topic(ROWS.dead)
    facts = dict(letter.headers)
    assert (letter.key, facts["reason"], facts["partition"]) == (b"huge", b"event.too_large", b"-1")
    assert b"2000000" in facts["cut"]
    assert len(letter.value) > 800_000


async def test_more_than_a_batch_holds_is_published_in_order(publisher: Publisher, on_topic: Any) -> None:
    values = [bytes([n % 250]) * 40_000 for n in range(60)]  # several batches for one partition
    await publisher.publish(ROWS, [Message(b"k", value, partition=1) for value in values])
    assert [record.value for record in await on_topic(ROWS)] == values


async def test_many_callers_at_once_are_all_acknowledged(publisher: Publisher, on_topic: Any) -> None:
    await asyncio.gather(*(publisher.publish(ROWS, [row(n), row(n + 1000)]) for n in range(200)))
    assert len(await on_topic(ROWS)) == 400


async def test_a_producer_that_met_a_fatal_error_is_replaced_and_the_partition_goes_on(
    settings: ServiceSettings, publisher: Publisher, on_topic: Any
) -> None:
    """The refused batch leaves a gap in the idempotent producer's numbers: it would be refused for ever after."""
    await publisher.publish(ROWS, [row(1, partition=0)])
    await _limit(settings, "1000", takes=False)
    with pytest.raises(MessageSizeTooLargeError):
        await publisher.publish(ROWS, [Message(b"k", os.urandom(5000), partition=0)])
    await _limit(settings, configuration(ROWS, settings)["max.message.bytes"], takes=True)
    await publisher.publish(ROWS, [row(2, partition=0)])
    records = [record for record in await on_topic(ROWS) if record.key != PROBE]
    assert [record.value for record in records] == [row(1).value, row(2).value]


async def test_a_producer_whose_sending_task_died_is_noticed_and_replaced(publisher: Publisher, on_topic: Any) -> None:
    await publisher.publish(ROWS, [row(1, partition=0)])
    assert not publisher.is_dead()
    producer = publisher._producer
    assert producer is not None
    producer._sender.sender_task.cancel()
    await until(publisher.is_dead)
    await publisher.publish(ROWS, [row(2, partition=0)])
    assert not publisher.is_dead()
    assert [record.value for record in await on_topic(ROWS)] == [row(1).value, row(2).value]


async def test_no_broker_is_an_error_that_the_caller_sees_at_once() -> None:
    publisher = Publisher(
        ServiceSettings(kafka_bootstrap="127.0.0.1:1", database_url="postgresql://nobody@localhost/none")
    )
    async with asyncio.timeout(30):
        with pytest.raises(KafkaError):
            await publisher.publish(ROWS, [row(1)])
        await publisher.stop()


async def _limit(settings: ServiceSettings, limit: str, *, takes: bool) -> None:
    """Set the topic's largest batch, and wait until the broker holds to it: takes 5000 bytes, or refuses them."""
    name = settings.topic_prefix + ROWS.name
    async with open_admin(settings) as admin:
        wanted = {**configuration(ROWS, settings), "max.message.bytes": limit}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, wanted)])
    async with open_publisher(settings) as probing, asyncio.timeout(60):
        while await _takes(probing) is not takes:
            await asyncio.sleep(0.05)


async def _takes(publisher: Publisher) -> bool:
    with suppress(MessageSizeTooLargeError):
        await publisher.publish(ROWS, [Message(PROBE, os.urandom(5000), partition=0)])
        return True
    return False
