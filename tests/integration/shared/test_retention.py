"""The loop that applies limits: one replica at a time, some at a time, and never ended by a database that is away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from shared.postgres import retention
from shared.postgres.retention import Limit, apply_once, apply_retention

from .conftest import until


@pytest.fixture
async def pool(
    database: Callable[[str], Awaitable[str]], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[asyncpg.Pool]:
    monkeypatch.setattr(retention, "FIRST_SECONDS", 0)
    monkeypatch.setattr(retention, "EVERY_SECONDS", 0.05)
    async with asyncpg.create_pool(await database("validator"), min_size=1, max_size=4) as opened:
        yield opened


def limit(remove: Any) -> Limit:
    async def oldest(connection: Any) -> None:
        return None

    return Limit(what="things", days=1, oldest=oldest, remove=remove)


async def test_one_replica_at_a_time_applies_the_limits(pool: asyncpg.Pool) -> None:
    inside, most = 0, 0

    async def remove(connection: Any, before: datetime, most_at_once: int) -> int:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.02)
        inside -= 1
        return 0

    loops = [asyncio.create_task(apply_retention(pool, [limit(remove)])) for _ in range(3)]
    try:
        await until(lambda: most)
        await asyncio.sleep(0.5)
        assert most == 1
    finally:
        await end(loops)


async def test_a_round_takes_some_at_a_time_and_leaves_the_rest_for_the_next(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROUND_BATCHES", 3)
    left = [7]

    async def remove(connection: Any, before: datetime, most: int) -> int:
        left[0] -= 1
        return 1 if left[0] >= 0 else 0

    async with pool.acquire() as connection:
        assert [(await apply_once(connection, [limit(remove)]))["things"] for _ in range(3)] == [3, 3, 1]
        assert await connection.fetchval("select removed from retention where what = 'things'") == 7


async def test_trouble_is_waited_for(pool: asyncpg.Pool) -> None:
    tries = []

    async def remove(connection: Any, before: datetime, most: int) -> int:
        tries.append(before)
        raise OSError if len(tries) == 1 else asyncpg.QueryCanceledError

    loop = asyncio.create_task(apply_retention(pool, [limit(remove)]))
    try:
        await until(lambda: len(tries) >= 3)
        assert not loop.done()
    finally:
        await end([loop])


async def end(loops: list[asyncio.Task[None]]) -> None:
    for loop in loops:
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop
