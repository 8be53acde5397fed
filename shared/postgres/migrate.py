"""Migrations: numbered .sql files, each applied once, under a lock so that replicas may start together."""

from pathlib import Path

import asyncpg
import structlog

log = structlog.get_logger()

LOCK = 0x526F6C6C  # "Roll"; any number that all replicas share, those of other versions too

# Whoever wants a table that a migration waits for stands behind it: it waits this long, gives up, and is tried again.
_LOCK_TIMEOUT = "2s"
# A process that froze in the middle of a migration, or is cut off, holds up everybody: Postgres ends its session.
_IDLE_TIMEOUT = "60s"


async def migrate(pool: asyncpg.Pool, folder: Path) -> None:
    """Apply the files that this database has not seen, in the order of their names, each in a transaction. Raises
    LockNotAvailableError when somebody has been using a table for long: try again."""
    migrations = {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.sql"))}  # noqa: ASYNC240 - once, before anything runs
    async with pool.acquire() as connection:
        for name in sorted(migrations.keys() - await _applied(connection)):
            async with connection.transaction():
                await _take_turn(connection)
                if name not in await _applied(connection):
                    await connection.execute(migrations[name], timeout=600)
                    await connection.execute("insert into migrations (name) values ($1)", name)
                    log.info("migration.applied", migration=name)


async def _take_turn(connection: asyncpg.pool.PoolConnectionProxy) -> None:
    """Until the end of the transaction nobody else migrates. Whoever does it now may take long."""
    await connection.execute(f"set local idle_in_transaction_session_timeout = '{_IDLE_TIMEOUT}'")
    await connection.execute("select pg_advisory_xact_lock($1)", LOCK, timeout=None)
    await connection.execute(f"set local lock_timeout = '{_LOCK_TIMEOUT}'")
    await connection.execute(
        "create table if not exists migrations (name text primary key, applied_at timestamptz not null default now())"
    )


async def _applied(connection: asyncpg.pool.PoolConnectionProxy) -> set[str]:
    if not await connection.fetchval("select to_regclass('migrations') is not null"):
        return set()
    return {record["name"] for record in await connection.fetch("select name from migrations")}
