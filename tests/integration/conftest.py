"""Servers as managed ones are, for the tests of one file that ask for them: a broker that nobody needs any more slows the others down."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.stack.object_store import ObjectStore, object_store
from tests.stack.secure_kafka import SecureKafka, secure_kafka
from tests.stack.tls_postgres import TlsPostgres, tls_postgres

SESSION_SECONDS = 10  # the broker cuts off who has not signed in anew for so long
SHORT_SESSIONS = f"connections.max.reauth.ms={SESSION_SECONDS * 1000}\n"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def secure_broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SecureKafka]:
    """Nobody but two users of PLAIN may sign in before they are introduced, and nobody may do anything."""
    folder = tmp_path_factory.mktemp("secure")
    async with secure_kafka(folder, plain_users=["rollcall", "stranger"], more=SHORT_SESSIONS) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tls_database() -> AsyncIterator[TlsPostgres]:
    """A database for each service, empty at first."""
    async with tls_postgres() as started:
        yield started


@pytest.fixture(scope="session")
def bucket_server() -> Iterator[ObjectStore]:
    """With an empty bucket at first. One in a process: it keeps its state in its modules."""
    with object_store() as started:
        yield started


@pytest_asyncio.fixture
async def goodbyes() -> AsyncIterator[None]:
    """For clients that talk TLS: their connections are closed only when the other side has said goodbye, too."""
    yield
    sockets = asyncio.get_running_loop()._selector.get_map()  # type: ignore[attr-defined]
    async with asyncio.timeout(60):
        while len(sockets) > 1:  # the loop's own
            await asyncio.sleep(0.02)
