"""The cheap way (COPY) and the way that bears company (ON CONFLICT) must give the same answers on the same input."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from services.validator.duplicates import Candidate, digest
from services.validator.facts import Fact, Facts
from services.validator.store import (
    Connection,
    Store,
    learn_by_copy,
    learn_by_insert,
    remember_by_copy,
    remember_by_insert,
)
from tests.unit.validator.builders import EXPERIENCE, IMPORT, OTHER_EXPERIENCE, OTHER_IMPORT

Pools = tuple[asyncpg.Pool, asyncpg.Pool]


@pytest.fixture
async def two_databases(database: Callable[[str], Awaitable[str]]):
    one = asyncpg.create_pool(await database("validator"), min_size=1, max_size=2)
    other = asyncpg.create_pool(await database("validator"), min_size=1, max_size=2)
    async with one as one, other as other:
        yield one, other


def candidates(chance: random.Random) -> list[Candidate]:
    return [
        Candidate(
            chance.choice((IMPORT, OTHER_IMPORT)), digest(f"person{chance.randrange(60)}"), chance.randrange(2, 500)
        )
        for _ in range(chance.randrange(1, 80))
    ]


def facts(chance: random.Random) -> Facts:
    told = Facts()
    for _ in range(chance.randrange(1, 80)):
        key = f"person{chance.randrange(40)}@example.org"
        fact = Fact(datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(20)), chance.random() < 0.4)
        told.tell_account(key, fact)
        told.tell_membership((chance.choice((EXPERIENCE, OTHER_EXPERIENCE)), key), fact)
    return told


async def insert_facts(connection: Connection, told: Facts) -> None:
    await learn_by_insert(connection, told.accounts, told.memberships)


async def in_transaction(pool: asyncpg.Pool, way: Callable[..., Awaitable[object]], argument: object) -> object:
    async with pool.acquire() as connection, connection.transaction():
        return await way(connection, argument)


async def content(pool: asyncpg.Pool, table: str) -> list[asyncpg.Record]:
    return await pool.fetch(f"select * from {table} order by 1, 2")


@pytest.mark.parametrize("seed", range(6))
async def test_both_ways_of_remembering_name_the_same_first_rows(two_databases: Pools, seed: int) -> None:
    copying, inserting = two_databases
    chance = random.Random(seed)
    for batch in [candidates(chance) for _ in range(12)]:
        assert await in_transaction(copying, remember_by_copy, batch) == await in_transaction(
            inserting, remember_by_insert, batch
        )
    assert await content(copying, "seen") == await content(inserting, "seen")


@pytest.mark.parametrize("seed", range(6))
async def test_both_ways_of_learning_know_the_same_in_any_order(two_databases: Pools, seed: int) -> None:
    copying, inserting = two_databases
    chance = random.Random(seed)
    batches = [facts(chance) for _ in range(12)]
    for told in batches:
        await in_transaction(copying, learn_by_copy, told)
    for told in chance.sample(batches, len(batches)):
        await in_transaction(inserting, insert_facts, told)
    for table in ("known_accounts", "known_memberships"):
        assert await content(copying, table) == await content(inserting, table)


async def test_a_row_noted_by_another_process_meanwhile_is_found_by_the_second_way(two_databases: Pools) -> None:
    pool, _ = two_databases
    mine, theirs = Candidate(IMPORT, digest("ada"), 5), Candidate(IMPORT, digest("ada"), 3)
    async with pool.acquire() as other:
        transaction = other.transaction()
        await transaction.start()
        await remember_by_copy(other, [theirs])
        waiting = asyncio.create_task(Store(pool).first_rows([mine, Candidate(IMPORT, digest("bob"), 6)]))
        await _until_someone_waits(other)
        await transaction.commit()
    assert await waiting == [3, 6]


async def test_a_fact_learned_by_another_process_meanwhile_is_kept_if_newer(two_databases: Pools) -> None:
    pool, _ = two_databases
    key = "ada@example.org"
    newer, older = Facts(), Facts()
    newer.tell_account(key, Fact(datetime(2025, 1, 2, tzinfo=UTC), gone=True))
    older.tell_account(key, Fact(datetime(2025, 1, 1, tzinfo=UTC), gone=False))
    async with pool.acquire() as other:
        transaction = other.transaction()
        await transaction.start()
        await learn_by_copy(other, newer)
        waiting = asyncio.create_task(Store(pool).learn(older))
        await _until_someone_waits(other)
        await transaction.commit()
    await waiting
    assert await pool.fetchval("select present from known_accounts") is False


async def _until_someone_waits(connection: asyncpg.Connection) -> None:
    """Until another connection waits for a lock of this one's transaction."""
    waits = "select exists (select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid)))"
    async with asyncio.timeout(60):
        while not await connection.fetchval(waits):
            await asyncio.sleep(0.01)
