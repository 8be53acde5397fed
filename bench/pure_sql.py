"""The pure-SQL limit: the same file into the same tables on the same Postgres, with one connection and set-based statements."""

import asyncio
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

SERVICES = ("intake", "validator", "provisioner", "notifier")
ROOT = Path(__file__).parent.parent
STATEMENTS = {
    block.partition("\n")[0].strip(): block.partition("\n")[2]
    for block in (ROOT / "bench" / "pure_sql.sql").read_text(encoding="utf-8").split("-- name:")[1:]
}


@dataclass(frozen=True, slots=True)
class Limit:
    """Rows per second of plain SQL in each stage."""

    check_rows_per_second: float
    run_rows_per_second: float


def pure_sql(admin: str, source: Path) -> Limit:
    """Measure with a CSV file of learners. `admin` is a database URL whose role may create databases."""
    return asyncio.run(_in_a_new_database(admin, source))


async def _in_a_new_database(admin: str, source: Path) -> Limit:
    name = f"bench_{uuid.uuid4().hex[:8]}"
    server = await asyncpg.connect(admin)
    try:
        await server.execute(f"create database {name}")
        connection = await asyncpg.connect(urlunsplit(urlsplit(admin)._replace(path=f"/{name}")))
        try:
            return await _measure(connection, source)
        finally:
            await connection.close()
            await server.execute(f"drop database {name}")
    finally:
        await server.close()


async def _measure(connection: asyncpg.Connection, source: Path) -> Limit:
    for service in SERVICES:
        await connection.execute(f"create schema {service}; set search_path to {service}")
        for migration in sorted((ROOT / "services" / service / "migrations").glob("*.sql")):
            await connection.execute(migration.read_text(encoding="utf-8"))
    await connection.execute("set search_path to public")
    ids = {"$import": f"'{uuid.uuid4()}'::uuid", "$experience": f"'{uuid.uuid4()}'::uuid"}
    await connection.execute(STATEMENTS["staging"])
    began = time.monotonic()
    await connection.copy_to_table(
        "staging", source=source, format="csv", header=True, columns=("email", "first_name", "last_name")
    )
    copied = time.monotonic() - began
    await _execute(connection, "known", ids)
    checked = copied + await _execute(connection, "check", ids)
    await _execute(connection, "between", ids)
    ran = await _execute(connection, "run", ids)
    rows = await connection.fetchval("select count(*) from staging")
    importable = await connection.fetchval("select count(*) from intake.record_results")
    return Limit(rows / checked, importable / ran)


async def _execute(connection: asyncpg.Connection, name: str, ids: dict[str, str]) -> float:
    """Seconds for one block of statements, in one transaction."""
    statements = STATEMENTS[name]
    for placeholder, value in ids.items():
        statements = statements.replace(placeholder, value)
    began = time.monotonic()
    async with connection.transaction():
        await connection.execute(statements, timeout=600)
    return time.monotonic() - began
