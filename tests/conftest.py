"""Fixtures for tests on a real Kafka, Postgres and SMTP server; nothing is started before a test asks for it."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import settings

from cli.local.inbox import serve_inbox
from shared.kafka.admin import apply_topics, open_admin
from shared.settings import KafkaSettings
from shared.topics import ALL_TOPICS
from tests.stack.databases import Databases
from tests.stack.mails import Mailbox
from tests.stack.servers import Servers, servers

# No example has a deadline: tests measure no time. CI looks at the same examples each time; new ones are for developers,
# many new ones with `--hypothesis-profile=long`.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=2_000)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session")
def real_servers() -> Iterator[Servers]:
    """A real Kafka and Postgres: those of the environment, containers, or processes of this machine."""
    with servers() as started:
        yield started


@pytest.fixture(scope="session")
def kafka(real_servers: Servers) -> str:
    """The broker's `host:port`."""
    return real_servers.kafka


@pytest_asyncio.fixture
async def topic_prefix(kafka: str) -> AsyncIterator[str]:
    """All topics of Rollcall, for this test alone: what stands before their names (and those of groups)."""
    prefix = f"test-{secrets.token_hex(6)}."
    settings = KafkaSettings(kafka_bootstrap=kafka, topic_prefix=prefix)
    await apply_topics(settings)
    yield prefix
    async with open_admin(settings) as admin:
        await admin.delete_topics([prefix + topic.name for topic in ALL_TOPICS])


@pytest.fixture(scope="session")
def databases(real_servers: Servers) -> Iterator[Databases]:
    """The server's databases, with a template per service."""
    found = Databases(real_servers.postgres)
    yield found
    asyncio.run(found.drop_templates())


@pytest_asyncio.fixture
async def database(databases: Databases) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """`await database("validator")`: the address of an empty database with that service's schema."""
    made: list[str] = []

    async def new_database(service: str) -> str:
        made.append(await databases.new(service))
        return made[-1]

    yield new_database
    for address in made:
        await databases.drop(address)


@pytest_asyncio.fixture
async def smtp(tmp_path: Path) -> AsyncIterator[Mailbox]:
    """A mail server that keeps every mail."""
    folder = tmp_path / "inbox"
    async with await serve_inbox(folder, port=0) as server:
        host, port = server.sockets[0].getsockname()
        yield Mailbox(host=host, port=port, folder=folder)
