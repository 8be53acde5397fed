"""The outbox: what is noted in a transaction is told once that is committed, in order, whatever happens to the broker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress

import asyncpg
import pytest
from aiokafka.errors import KafkaTimeoutError

from shared.kafka.publish import Message
from shared.postgres.outbox import put_in_outbox, relay_outbox
from shared.topics import LIFECYCLE, Topic

from .conftest import until


class Broker:
    """Keeps what is published; each trouble refuses one batch, or loses its acknowledgement."""

    def __init__(self, *troubles: str) -> None:
        self.values: list[bytes] = []
        self._troubles = list(troubles)

    async def publish(self, topic: Topic, messages: Sequence[Message]) -> None:
        trouble = self._troubles.pop(0) if self._troubles else ""
        await asyncio.sleep(0.01)
        if trouble != "refused":
            self.values += [message.value for message in messages]
        if trouble:
            raise KafkaTimeoutError(trouble)


@pytest.fixture
async def pool(database: Callable[[str], Awaitable[str]]) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(await database("intake"), min_size=1, max_size=6) as pool:
        yield pool


async def note(pool: asyncpg.Pool, *values: bytes) -> None:
    async with pool.acquire() as connection, connection.transaction():
        for value in values:
            await put_in_outbox(connection, LIFECYCLE, Message(b"key", value))


async def relay_until_empty(pool: asyncpg.Pool, *brokers: Broker) -> None:
    relays = [asyncio.create_task(relay_outbox(pool, broker, asyncio.Event())) for broker in brokers]

    async def is_empty() -> bool:
        return not await pool.fetchval("select count(*) from outbox")

    await until(is_empty)
    for relay in relays:
        relay.cancel()
        with suppress(asyncio.CancelledError):
            await relay


def numbers(count: int) -> list[bytes]:
    return [str(number).encode() for number in range(count)]


async def test_events_are_told_in_the_order_in_which_they_were_noted(pool: asyncpg.Pool) -> None:
    for value in numbers(20):
        await note(pool, value)
    broker = Broker()
    await relay_until_empty(pool, broker)
    assert broker.values == numbers(20)


async def test_what_a_transaction_that_failed_had_noted_is_never_told(pool: asyncpg.Pool) -> None:
    async def fails() -> None:
        async with pool.acquire() as connection, connection.transaction():
            await put_in_outbox(connection, LIFECYCLE, Message(b"key", b"untrue"))
            raise KeyError

    await note(pool, b"first")
    with pytest.raises(KeyError):
        await fails()
    await note(pool, b"second")
    broker = Broker()
    await relay_until_empty(pool, broker)
    assert broker.values == [b"first", b"second"]


async def test_what_the_broker_did_not_take_is_told_later_and_in_order(pool: asyncpg.Pool) -> None:
    await note(pool, *numbers(3))
    broker = Broker("refused", "refused")
    await relay_until_empty(pool, broker)
    assert broker.values == numbers(3)


async def test_what_the_broker_took_without_a_word_is_told_again_with_the_same_bytes(pool: asyncpg.Pool) -> None:
    await note(pool, *numbers(3))
    broker = Broker("unacknowledged")
    await relay_until_empty(pool, broker)
    assert broker.values == numbers(3) * 2


async def test_two_relays_at_once_tell_each_event_once_and_in_order(pool: asyncpg.Pool) -> None:
    for value in numbers(30):
        await note(pool, value)
    broker = Broker()
    await relay_until_empty(pool, broker, broker, broker)
    assert broker.values == numbers(30)
