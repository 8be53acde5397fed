"""A consumer that waits, for whatever reason and however long, is not ended for it; one that is blind is found."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared import health as health_module
from shared.health import Health
from shared.kafka import consume, poll
from shared.kafka.broker import SafeBroker
from shared.kafka.poll import PollingConsumer
from shared.kafka.publish import Publisher
from shared.settings import ServiceSettings
from shared.topics import ROWS
from tests.pressure.background import Background
from tests.stack.proxy import Proxy

from .conftest import Consuming, row, until

STILL = 0.6
BLIND = "imports.rows: records wait but none are delivered"
FETCHLESS = "imports.rows: it fetches nothing from a broker that answers"
STUCK = "imports.rows: it has not polled for too long"


class Working:
    """A handler that takes as long as the test says, or fails as often."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.error: Exception | None = None
        self.tries = 0

    async def __call__(self, batch: object) -> None:
        self.tries += 1
        self.begun.set()
        if self.error:
            raise self.error
        await self.may_end.wait()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second is a long time here."""
    monkeypatch.setattr(health_module, "STILL_SECONDS", STILL)
    monkeypatch.setattr(health_module, "CHECK_SECONDS", 1.5 * STILL)
    monkeypatch.setattr(poll, "_COUNTED_SECONDS", STILL / 4)  # one poll proves nothing, however long it took


@pytest.fixture
def working() -> Working:
    return Working()


@pytest_asyncio.fixture
async def way(settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Proxy, Background]]:
    """What leads every client of this event loop to the broker, and the loop that it is on."""
    port = int(settings.kafka_bootstrap.rpartition(":")[2])
    proxy, background, loop = Proxy(lambda: [port]), Background(), asyncio.get_running_loop()
    direct = loop.create_connection

    def detoured(factory: object, host: object = None, to: object = None, **rest: object) -> object:
        return direct(factory, host, proxy.port if str(to) == str(port) else to, **rest)

    background.run(proxy.heal())
    with monkeypatch.context() as patched:
        patched.setattr(loop, "create_connection", detoured)
        yield proxy, background
    background.run(proxy.close())
    background.close()


async def watched(health: Health, seconds: float = 2 * STILL) -> list[str]:
    """The first reasons that a watchdog finds in this time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await health.look()
        if reasons := health.dead():
            return reasons
        await asyncio.sleep(0.1)
    return []


async def until_found(health: Health, *reasons: str) -> None:
    """A watchdog finds these and no others."""
    async with asyncio.timeout(60):
        while await watched(health, STILL) != list(reasons):
            pass


async def test_records_that_come_after_a_rest_and_wait_for_the_first_ones_are_no_sign_of_blindness(
    publisher: Publisher, consuming: Consuming, working: Working
) -> None:
    async with consuming(working, max_records=2) as broker:
        await until(lambda: polling(broker).has_joined())
        health = Health(broker, {})
        await asyncio.sleep(6 * STILL)  # nothing to do, for more polls than would make it blind
        await publisher.publish(ROWS, [row(number, partition=0) for number in range(10)])
        await working.begun.wait()
        assert polling(broker).undelivered() > 0
        assert BLIND not in health.dead()
        working.may_end.set()


async def test_a_batch_that_is_tried_again_and_again_is_no_sign_of_blindness(
    publisher: Publisher, consuming: Consuming, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consume, "BACK_OFF_SECONDS", (0.1, 0.1))
    working.error = ConnectionError("no database")
    async with consuming(working, max_records=2) as broker:
        await publisher.publish(ROWS, [row(number, partition=0) for number in range(10)])
        await working.begun.wait()
        assert BLIND not in await watched(Health(broker, {}))
        assert polling(broker).undelivered() > 0
        await until(lambda: working.tries > 2)
        working.error = None
        working.may_end.set()


async def test_a_handler_that_hangs_with_its_database_is_waited_for_and_one_that_hangs_without_reason_is_found(
    publisher: Publisher, consuming: Consuming, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = asyncio.Event()
    async with consuming(working, max_records=2) as broker:
        health = Health(broker, {"database": answers.wait})
        await publisher.publish(ROWS, [row(number, partition=0) for number in range(10)])
        await working.begun.wait()
        assert await watched(health) == []
        answers.set()
        await until_found(health, STUCK)
        working.may_end.set()


async def test_a_broker_that_hangs_while_records_wait_is_waited_for(
    publisher: Publisher, consuming: Consuming, working: Working, way: tuple[Proxy, Background],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    proxy, background = way
    working.error = ConnectionError("no database")
    async with consuming(working, max_records=2) as broker:
        await publisher.publish(ROWS, [row(number, partition=0) for number in range(10)])
        await working.begun.wait()
        health = Health(broker, {})
        background.call(proxy.hang)
        working.error = None
        async with asyncio.timeout(60):
            while polling(broker).blind_seconds <= STILL:
                assert await watched(health, STILL) == []
        assert await watched(health) == []
        assert polling(broker).undelivered() > 0
        background.run(proxy.heal())
        working.may_end.set()
        await until(lambda: polling(broker).undelivered() == 0)


async def test_a_process_that_stood_still_is_not_ended_when_it_goes_on(
    publisher: Publisher, consuming: Consuming, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_module, "LATE_SECONDS", 1.5 * STILL)
    async with consuming(working) as broker:
        health = Health(broker, {})
        time.sleep(2 * STILL)  # noqa: ASYNC251 - nothing in this process runs
        assert health.dead() == []


async def test_a_consumer_that_polls_and_gets_nothing_while_records_wait_is_found(
    publisher: Publisher, consuming: Consuming, working: Working
) -> None:
    async with consuming(working, max_records=2) as broker:
        await publisher.publish(ROWS, [row(number, partition=0) for number in range(10)])
        await working.begun.wait()
        await until(lambda: polling(broker).undelivered() > 0)
        polling(broker).pause(*polling(broker).assignment())
        working.may_end.set()
        await until_found(Health(broker, {}), BLIND, FETCHLESS)


async def test_a_consumer_that_polls_and_fetches_nothing_from_a_broker_that_answers_is_found(
    consuming: Consuming, working: Working
) -> None:
    async with consuming(working) as broker:
        await until(lambda: all(polling(broker).last_poll_timestamp(tp) for tp in polling(broker).assignment()))
        polling(broker).pause(*polling(broker).assignment())
        await until_found(Health(broker, {}), FETCHLESS)


def polling(broker: SafeBroker) -> PollingConsumer:
    (consumer,) = broker.consumers
    assert consumer.polling is not None
    return consumer.polling
