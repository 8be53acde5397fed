"""The states that only a new process can cure, each made for real; and those that must not look like one."""

import asyncio
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
        health = Health(broker, {})
        await until(lambda: broker.consumers[0].polling.has_joined())
        assert (health.dead(), await health.not_ready()) == ([], [])
        await publisher.publish(ROWS, [row(1)])
        await until(lambda: bool(seen.rows))
        assert (health.dead(), await health.not_ready()) == ([], [])


@pytest.mark.parametrize("part", ["consuming", "fetching", "group's"])
async def test_a_task_that_ended_is_seen(publisher: Publisher, consuming: Consuming, part: str) -> None:
    async with consuming(Seen()) as broker:
        health = Health(broker, {})
        await until(lambda: broker.consumers[0].polling.has_joined())
        task = _task(broker, part)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])
        assert f"the {part} task ended" in "".join(health.dead())


async def test_a_failing_check_makes_it_unready_and_a_dead_producer_ends_nobody(
    publisher: Publisher, consuming: Consuming
) -> None:
    async def no_database() -> None:
        raise ConnectionError("postgresql://user:secret@host")

    await publisher.connect()
    async with consuming(Seen()) as broker:
        health = Health(broker, {"database": no_database})
        await until(lambda: broker.consumers[0].polling.has_joined())
        assert await health.not_ready() == ["database: ConnectionError"]
        assert publisher._producer is not None
        publisher._producer._sender.sender_task.cancel()
        await until(publisher.is_dead)
        assert health.dead() == []
        await publisher.publish(ROWS, [row(1)])  # with a new one
        assert not publisher.is_dead()


def _task(broker: SafeBroker, part: str) -> "asyncio.Task[None]":
    (consumer,) = broker.consumers
    tasks = {
        "consuming": consumer.subscriber.tasks[0],
        "fetching": consumer.polling._fetcher._fetch_task,
        "group's": consumer.polling._coordinator._coordination_task,
    }
    return tasks[part]
