"""A database that answers and takes no changes, as one whose disk is full: intake says so, though nobody asks it to change anything."""

import asyncio
from contextlib import suppress

import asyncpg
import pytest

from services.intake.work.claim_work import Worker
from tests.integration.intake.flow.world import eventually

_REFUSE = """
create function refuse() returns trigger language plpgsql as $$ begin raise 'no space left' using errcode = 'disk_full'; end $$;
create trigger refuse before update on imports for each statement execute function refuse();
"""


async def is_well(worker: Worker) -> bool:
    try:
        await worker.check()
    except asyncpg.DiskFullError:
        return False
    return True


@pytest.fixture
async def worker(world):
    made = Worker(world.deps)
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_looking_for_work_fails_and_is_told_until_changes_are_taken_again(world, worker):
    assert await is_well(worker)
    await world.pool.execute(_REFUSE)

    async def tells():
        return not await is_well(worker)

    await eventually(tells)
    await world.pool.execute("drop trigger refuse on imports")
    await eventually(lambda: is_well(worker))
