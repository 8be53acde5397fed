"""The states that only a new process can cure, each made for real; and those that must not look like one."""

import asyncio
import time
from contextlib import suppress

import pytest

from shared.health import Health
from shared.kafka.broker import SafeBroker
from shared.kafka.publish import Publisher
from shared.topics import ROWS

from .conftest import Consuming, row, until
from .test_consume import Seen


async def test_an_idle_and_a_busy_consumer_are_alive_and_ready(publisher: Publisher, consuming: Consuming) -> None:
    seen = Seen()
    async with consuming(seen) as broker:
        health = Health(broker, [publisher], {})
        await until(lambda: broker.consumers[0].polling.has_joined())
        assert (health.dead(), await health.not_ready()) == ([], [])
        await publisher.publish(ROWS, [row(1)])
        await until(lambda: bool(seen.rows))
        assert (health.dead(), await health.not_ready()) == ([], [])


@pytest.mark.parametrize("part", ["consuming", "fetching", "group's"])
async def test_a_task_that_ended_is_seen(publisher: Publisher, consuming: Consuming, part: str) -> None:
    async with consuming(Seen()) as broker:
        health = Health(broker, [publisher], {})
        await until(lambda: broker.consumers[0].polling.has_joined())
        task = _task(broker, part)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])
        assert f"the {part} task ended" in "".join(health.dead())


async def test_a_handler_that_hangs_is_seen_after_a_while(publisher: Publisher, consuming: Consuming) -> None:
    working = asyncio.Event()

    async def hanging(batch: object) -> None:
        working.set()
        await asyncio.sleep(3600)

    await publisher.publish(ROWS, [row(1)])
    async with consuming(hanging) as broker:
        await working.wait()
        health = Health(broker, [publisher], {})
        assert health.dead() == []
        broker.consumers[0].polling.polled_at -= 200
        assert "it has not polled for too long" in "".join(health.dead())
        for task in broker.consumers[0].subscriber.tasks:
            task.cancel()


async def test_records_that_wait_while_none_are_delivered_are_seen(publisher: Publisher, consuming: Consuming) -> None:
    async with consuming(Seen()) as broker:
        polling = broker.consumers[0].polling
        await until(lambda: polling.has_joined())
        polling.held_until = time.monotonic() + 60  # the records stay where they are
        await asyncio.sleep(0.6)  # the poll that is under way is not held
        await publisher.publish(ROWS, [row(1)])
        await until(lambda: polling.undelivered() > 0)
        health = Health(broker, [publisher], {})
        assert health.dead() == []
        broker.consumers[0].consumption.handled_at -= 500
        polling.held_until -= 500
        assert "records wait but none are delivered" in "".join(health.dead())


async def test_a_dead_producer_and_a_failing_check_are_seen(publisher: Publisher, consuming: Consuming) -> None:
    async def no_database() -> None:
        raise ConnectionError("postgresql://user:secret@host")

    await publisher.connect()
    async with consuming(Seen()) as broker:
        health = Health(broker, [publisher], {"database": no_database})
        await until(lambda: broker.consumers[0].polling.has_joined())
        assert await health.not_ready() == ["database: ConnectionError"]
        assert publisher._producer is not None
        publisher._producer._sender.sender_task.cancel()
        await asyncio.sleep(0.1)
        assert health.dead() == ["producer: its sending task ended"]


def _task(broker: SafeBroker, part: str) -> "asyncio.Task[None]":
    (consumer,) = broker.consumers
    tasks = {
        "consuming": consumer.subscriber.tasks[0],
        "fetching": consumer.polling._fetcher._fetch_task,
        "group's": consumer.polling._coordinator._coordination_task,
    }
    return tasks[part]
