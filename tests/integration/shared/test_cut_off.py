"""A client whose start is cut off, by a time-out or a stop, leaves no connection behind, not even until it is collected."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from shared.kafka.admin import open_admin
from shared.kafka.broker import open_broker
from shared.kafka.connect import open_reader
from shared.kafka.consume import Subscription
from shared.kafka.publish import Publisher, open_publisher
from shared.settings import ServiceSettings
from shared.topics import ROWS
from tests.stack.proxy import Proxy


class AnswersOnce(Proxy):
    """Leads to a broker that says which versions it speaks, and then nothing more."""

    chunks = 0

    async def _pass(self, size: int) -> None:
        self.chunks += 1
        if self.chunks > 2:  # the first question and its answer
            self.hang()
        await super()._pass(size)


@pytest_asyncio.fixture
async def mute(kafka: str) -> AsyncIterator[AnswersOnce]:
    proxy = AnswersOnce(lambda: [int(kafka.rpartition(":")[2])])
    await proxy.heal()
    yield proxy
    await proxy.close()


async def admin(settings: ServiceSettings) -> None:
    async with open_admin(settings):
        pass


async def reader(settings: ServiceSettings) -> None:
    async with open_reader(settings):
        pass


async def publisher(settings: ServiceSettings) -> None:
    async with open_publisher(settings) as opened:
        await opened.connect()


async def consumer(settings: ServiceSettings) -> None:
    async def nothing(batch: object, deps: object) -> None: ...

    subscription = Subscription(topic=ROWS, handler=nothing)
    broker = open_broker("validator", [subscription], None, settings=settings, dead_letters=Publisher(settings))
    try:
        await broker.start()
    finally:
        await broker.stop()


@pytest.mark.parametrize("client", [admin, reader, publisher, consumer])
async def test_a_start_that_is_cut_off_closes_its_connection(
    mute: AnswersOnce, client: Callable[[ServiceSettings], Awaitable[None]]
) -> None:
    settings = ServiceSettings(
        kafka_bootstrap=f"127.0.0.1:{mute.port}", database_url="postgresql://nobody@localhost/none"
    )
    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))
    starting = asyncio.ensure_future(client(settings))
    async with asyncio.timeout(60):
        while mute.chunks < 3:
            await asyncio.sleep(0.01)
    starting.cancel()
    await asyncio.wait({starting})
    assert starting.cancelled()
    del starting
    gc.collect()
    assert told == []
