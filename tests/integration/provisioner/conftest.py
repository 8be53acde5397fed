"""A provisioner's database, and what is in it."""

import asyncpg
import pytest


@pytest.fixture
async def open_pool():
    """Opens pools as the service does; they are closed after the test."""
    pools = []

    async def open_pool(dsn):
        pools.append(await asyncpg.create_pool(dsn, min_size=1, max_size=4, command_timeout=60))
        return pools[-1]

    yield open_pool
    for pool in pools:
        await pool.close()


@pytest.fixture
async def pool(database, open_pool):
    return await open_pool(await database("provisioner"))
