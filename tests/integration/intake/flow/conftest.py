"""Intake's flow on a real Postgres."""

import asyncio
from contextlib import asynccontextmanager, suppress

import asyncpg
import pytest

from services.intake.file_store import FileStore
from services.intake.settings import Settings
from services.intake.work.claim_work import Worker
from tests.integration.intake.flow.world import World


@pytest.fixture
async def world(database, tmp_path, monkeypatch):
    monkeypatch.setattr("services.intake.work.claim_work.LEASE_SECONDS", 600.0)  # they end when a test says so
    dsn = await database("intake")
    settings = Settings(database_url=dsn, file_store_url=(tmp_path / "files").as_uri())
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=8, command_timeout=30)
    yield await World(pool, FileStore(settings.file_store_url), settings).begin()
    pool.terminate()


@pytest.fixture
async def worker(world):
    """A process that works on imports."""
    async with working(world):
        yield


@asynccontextmanager
async def working(world):
    task = asyncio.create_task(Worker(world.deps).run())
    yield task
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture
def another_worker():
    """For a second process: `async with another_worker(world.replica()):`."""
    return working
