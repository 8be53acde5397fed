"""The outbox: events written in the transaction of the state they tell, published in order by one relay. A service that
uses it has a table `outbox` (id, topic, key, value, headers, created_at) in its migrations."""

import asyncio
import json
from math import nan

import asyncpg
import structlog
from aiokafka.errors import KafkaError

from shared.kafka.publish import Message, Publisher
from shared.measure import Measurement
from shared.metrics import OUTBOX_AGE
from shared.postgres.away import DATABASE_AWAY
from shared.topics import TOPICS, Topic

log = structlog.get_logger()

POLL_SECONDS = 0.5  # how late an event of another replica's transaction may be seen
_LOCK = 0x4F757462  # "Outb"
_BATCH = 500
OUTBOX_AWAY = (*DATABASE_AWAY, KafkaError)
_TOPICS = {topic.name: topic for topic in TOPICS}


async def put_in_outbox(
    connection: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy, topic: Topic, *messages: Message
) -> None:
    """Note events in the caller's transaction, in their order."""
    await connection.executemany(
        "insert into outbox (topic, key, value, headers) values ($1, $2, $3, $4)",
        [(topic.name, message.key, message.value, _headers(message)) for message in messages],
    )


def _headers(message: Message) -> str:
    return json.dumps([[name, value.decode()] for name, value in message.headers])


async def relay_outbox(pool: asyncpg.Pool, publisher: Publisher, wake: asyncio.Event) -> None:
    """Publish what the outbox holds, oldest first, for ever. One replica at a time holds the lock, so that the events of
    one import keep their order; the others wait for it. Between acknowledgement and delete a crash publishes twice: the
    event ids are the same."""
    while True:
        try:
            async with pool.acquire() as connection:
                await _relay_all(connection, publisher)
        except OUTBOX_AWAY as error:
            log.warning("outbox.waiting", error=type(error).__name__)
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await wake.wait()
        except TimeoutError:
            pass
        wake.clear()


def measure_outbox(pool: asyncpg.Pool) -> Measurement:
    """How long the oldest event waits. Every replica sees the same outbox."""

    async def measure() -> None:
        age = await pool.fetchval(
            "select extract(epoch from now() - created_at)::float8 from outbox order by id limit 1"
        )
        OUTBOX_AGE.set(age or 0.0)

    return Measurement(what="outbox", measure=measure, forget=lambda: OUTBOX_AGE.set(nan))


async def _relay_all(connection: asyncpg.pool.PoolConnectionProxy, publisher: Publisher) -> None:
    if await connection.fetchval("select pg_try_advisory_lock($1)", _LOCK):
        try:
            while await _relay_some(connection, publisher):
                pass
        finally:
            await connection.execute("select pg_advisory_unlock($1)", _LOCK)


async def _relay_some(connection: asyncpg.pool.PoolConnectionProxy, publisher: Publisher) -> bool:
    rows = await connection.fetch("select id, topic, key, value, headers from outbox order by id limit $1", _BATCH)
    start = 0
    while start < len(rows):  # runs of one topic, so that the order between topics is kept too
        end = start
        while end < len(rows) and rows[end]["topic"] == rows[start]["topic"]:
            end += 1
        messages = [
            Message(
                r["key"], r["value"], headers=tuple((name, value.encode()) for name, value in json.loads(r["headers"]))
            )
            for r in rows[start:end]
        ]
        await publisher.publish(_TOPICS[rows[start]["topic"]], messages)
        start = end
    await connection.execute("delete from outbox where id = any($1::bigint[])", [row["id"] for row in rows])
    return bool(rows)
