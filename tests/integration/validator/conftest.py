"""The validator's parts on a real database, with a publisher that keeps what it is given."""

from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest_asyncio

from services.validator.consumers import Deps
from services.validator.store import Store
from shared.events import RecordChecked
from shared.kafka.publish import Message
from shared.topics import CHECKS, Topic


class KeptMessages:
    """Stands where the publisher stands."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def publish(self, topic: Topic, messages: list[Message]) -> None:
        assert topic is CHECKS
        self.messages += messages

    def take(self) -> list[RecordChecked]:
        """The records published since the last time."""
        taken, self.messages = self.messages, []
        return [msgspec.json.decode(message.value, type=RecordChecked) for message in taken]


@pytest_asyncio.fixture
async def pool(database) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(await database("validator"), min_size=1, max_size=4) as pool:
        yield pool


@pytest_asyncio.fixture
async def deps(pool: asyncpg.Pool) -> Deps:
    return Deps(store=Store(pool), publisher=KeptMessages())
