"""Migrations: numbered .sql files, each applied once, under a lock so that replicas may start together."""

from pathlib import Path

import asyncpg
import structlog

log = structlog.get_logger()

_LOCK = 0x526F6C6C  # "Roll"; any number that all replicas share


async def migrate(pool: asyncpg.Pool, folder: Path) -> None:
    """Apply the files that this database has not seen, in the order of their names, each in a transaction."""
    migrations = {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.sql"))}  # noqa: ASYNC240 - once, before anything runs
    async with pool.acquire() as connection:
        await connection.execute("select pg_advisory_lock($1)", _LOCK, timeout=None)
        try:
            await connection.execute(
                "create table if not exists migrations (name text primary key, applied_at timestamptz not null default now())"
            )
            applied = {record["name"] for record in await connection.fetch("select name from migrations")}
            for name, statements in migrations.items():
                if name not in applied:
                    async with connection.transaction():
                        await connection.execute(statements, timeout=600)
                        await connection.execute("insert into migrations (name) values ($1)", name)
                    log.info("migration.applied", migration=name)
        finally:
            await connection.execute("select pg_advisory_unlock($1)", _LOCK)
