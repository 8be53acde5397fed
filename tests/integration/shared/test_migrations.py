"""Migrations beside replicas that live: they wait for others, and nobody waits for them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from shared.postgres.migrate import LOCK, migrate

SECONDS = 60.0  # in which something happens that would else not happen at all
NewDatabase = Callable[[str], Awaitable[str]]


@pytest_asyncio.fixture
async def pool(database: NewDatabase) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(await database("validator"), min_size=0, max_size=4) as opened:
        await opened.execute("create table things (id bigint primary key)")
        yield opened


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    (tmp_path / "9000_a_column.sql").write_text("alter table things add column word text")
    return tmp_path


@asynccontextmanager
async def reading(pool: asyncpg.Pool) -> AsyncIterator[None]:
    """Somebody who takes their time, as a backup does."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.fetch("select id from things")
        yield


async def columns(pool: asyncpg.Pool) -> int:
    return int(await pool.fetchval("select count(*) from information_schema.columns where table_name = 'things'"))


async def keeps_trying(pool: asyncpg.Pool, folder: Path) -> None:
    """As a service does that starts."""
    while True:
        try:
            return await migrate(pool, folder)
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(0.2)


async def test_nobody_waits_behind_a_migration_that_waits_for_a_long_reader(
    pool: asyncpg.Pool, migrations: Path
) -> None:
    async with reading(pool):
        task = asyncio.create_task(keeps_trying(pool, migrations))
        for _ in range(5):
            await pool.fetch("select id from things", timeout=SECONDS)
            await asyncio.sleep(0.1)
        assert not task.done()
    async with asyncio.timeout(SECONDS):
        await task
    assert await columns(pool) == 2


async def test_a_start_that_has_nothing_to_migrate_asks_for_no_lock(pool: asyncpg.Pool, migrations: Path) -> None:
    await migrate(pool, migrations)
    async with pool.acquire() as other:
        await other.execute("select pg_advisory_lock($1)", LOCK)
        async with asyncio.timeout(SECONDS):
            await migrate(pool, migrations)


async def test_of_replicas_that_start_together_one_migrates(pool: asyncpg.Pool, migrations: Path) -> None:
    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*(migrate(pool, migrations) for _ in range(4)))
    assert await columns(pool) == 2


async def test_a_first_start_beside_others_makes_the_list_of_migrations_once(
    pool: asyncpg.Pool, migrations: Path
) -> None:
    await pool.execute("drop table migrations")
    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*(migrate(pool, migrations) for _ in range(4)))
    assert await pool.fetchval("select count(*) from migrations") == 1


async def test_a_migration_that_fails_leaves_nothing_and_the_one_before_it_stays(
    pool: asyncpg.Pool, migrations: Path
) -> None:
    (migrations / "9001_broken.sql").write_text("create table half (id bigint); select no_such_thing")
    with pytest.raises(asyncpg.UndefinedColumnError):
        await migrate(pool, migrations)
    assert await pool.fetchval("select to_regclass('half')") is None
    assert await columns(pool) == 2


async def test_who_froze_while_migrating_lets_others_in_after_a_while(pool: asyncpg.Pool, migrations: Path) -> None:
    """Postgres ends a session that does nothing in the middle of it; here the one that the first migration ran in."""
    (migrations / "9000_a_column.sql").write_text(
        "create table told as select current_setting('idle_in_transaction_session_timeout') as idle,"
        " current_setting('lock_timeout') as lock"
    )
    await migrate(pool, migrations)
    idle, lock = await pool.fetchrow("select idle, lock from told")
    assert idle != "0"
    assert lock != "0"
