"""Servers as managed ones are, started once for all tests that ask for them."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.stack.object_store import ObjectStore, object_store
from tests.stack.secure_kafka import SecureKafka, secure_kafka
from tests.stack.tls_postgres import TlsPostgres, tls_postgres

SHORT_SESSIONS = "connections.max.reauth.ms=4000\n"  # the broker cuts off who has not signed in anew for so long


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def secure_broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SecureKafka]:
    """Nobody but two users of PLAIN may sign in before they are introduced, and nobody may do anything."""
    folder = tmp_path_factory.mktemp("secure")
    async with secure_kafka(folder, plain_users=["rollcall", "stranger"], more=SHORT_SESSIONS) as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tls_database() -> AsyncIterator[TlsPostgres]:
    """A database for each service, empty at first."""
    async with tls_postgres() as started:
        yield started


@pytest.fixture(scope="session")
def bucket_server() -> Iterator[ObjectStore]:
    """With an empty bucket at first. One in a process: it keeps its state in its modules."""
    with object_store() as started:
        yield started
