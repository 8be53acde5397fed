"""Source files whose import never came to be, because a process ended between storing one and writing its import down,
are removed some time later."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import structlog
from obstore.exceptions import BaseError

from services.intake.deps import Deps
from services.intake.flow_queries import queries
from services.intake.upload.take_upload import FOLDER, source_path
from shared.clock import now
from shared.postgres.away import DATABASE_TROUBLE

log = structlog.get_logger()

OLD = timedelta(days=1)  # no upload takes so long
FIRST_SECONDS = 600.0  # a process that starts has better things to do
EVERY_SECONDS = 6 * 3600.0
_LOCK = 0x53776565  # "Swee": one replica at a time
AWAY = (*DATABASE_TROUBLE, BaseError)  # the database, the file store


async def sweep_files(deps: Deps) -> None:
    """Sweep for ever, now and then."""
    await asyncio.sleep(FIRST_SECONDS)
    while True:
        try:
            async with deps.pool.acquire() as connection:
                if await connection.fetchval("select pg_try_advisory_lock($1)", _LOCK):
                    try:
                        await sweep_once(deps, before=now() - OLD)
                    finally:
                        await connection.execute("select pg_advisory_unlock($1)", _LOCK)
        except AWAY as error:
            log.warning("files.not_swept", error=type(error).__name__)
        await asyncio.sleep(EVERY_SECONDS)


async def sweep_once(deps: Deps, *, before: datetime) -> int:
    """Remove the files that were stored before then and that no import names; returns how many. A file that is not called
    as we call source files is somebody else's and stays."""
    files = deps.file_store.remove_unfinished(FOLDER, before=before)
    async for paths in deps.file_store.stored_before(before, folder=FOLDER):
        for path in await _unnamed(deps.pool, paths):
            await deps.file_store.delete(path)
            files += 1
    if files:
        log.info("files.swept", files=files)
    return files


async def _unnamed(pool: asyncpg.Pool, paths: Sequence[str]) -> list[str]:
    ours = {path: import_id for path in paths if (import_id := _import_of(path))}
    named = {row["file_path"] async for row in queries.file_paths(pool, ids=list(ours.values()))}
    return [path for path in ours if path not in named]


def _import_of(path: str) -> UUID | None:
    try:
        import_id = UUID(path.rpartition("/")[2])
    except ValueError:
        return None
    return import_id if source_path(import_id) == path else None
