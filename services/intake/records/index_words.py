"""The words of records, so that people can search: filled in slowly once an import is ready. It must never delay a Run."""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

import structlog
from asyncpg.pool import PoolConnectionProxy

from services.intake.deps import Deps
from services.intake.flow_queries import queries
from services.intake.records.words import words_of
from services.intake.work.wire import values_of
from shared.postgres.away import DATABASE_TROUBLE

log = structlog.get_logger()

POLL_SECONDS = 1.0
BATCH_ROWS = 1_000
REST_WHEN_IDLE = 1.0  # seconds of rest per second of work
REST_WHEN_BUSY = 15.0
_LOCK = 0x576F7264  # "Word": one replica at a time, so that nothing is indexed twice


async def index_words(deps: Deps, is_busy: Callable[[], bool]) -> None:
    """Index for ever what is not indexed. `is_busy`: imports are read or run here now."""
    while True:
        try:
            async with deps.pool.acquire() as connection:
                if await connection.fetchval("select pg_try_advisory_lock($1)", _LOCK):
                    try:
                        await _index_all(connection, is_busy)
                    finally:
                        await connection.execute("select pg_advisory_unlock($1)", _LOCK)
        except DATABASE_TROUBLE as error:
            log.warning("words.waiting", error=type(error).__name__)
        await asyncio.sleep(POLL_SECONDS)


async def _index_all(connection: PoolConnectionProxy, is_busy: Callable[[], bool]) -> None:
    while found := await queries.import_to_index(connection):
        started = time.monotonic()
        await index_some(connection, found["id"], after=found["searchable_row"])
        rest = REST_WHEN_BUSY if is_busy() else REST_WHEN_IDLE
        await asyncio.sleep((time.monotonic() - started) * rest)


async def index_some(connection: PoolConnectionProxy, import_id: UUID, *, after: int) -> None:
    """Index the next records of an import, in one transaction."""
    async with connection.transaction():
        found = queries.records_to_index(connection, import_id=import_id, after=after, most=BATCH_ROWS)
        records = [record async for record in found]
        words = [
            (import_id, word.replace("\0", ""), record["row"])
            for record in records
            for word in words_of(values_of(record))
        ]
        await connection.copy_records_to_table("record_words", records=words, columns=("import_id", "word", "row"))
        last = records[-1]["row"] if records else after
        await queries.set_searchable(connection, id=import_id, row=last, complete=len(records) < BATCH_ROWS)
