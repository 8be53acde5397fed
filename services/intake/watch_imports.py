"""Watching imports change: one look at the database at a time per import, however many watch it in this process."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
import structlog

from services.intake.read_imports import read_import
from services.intake.states import ImportStatus
from shared.postgres.away import DATABASE_TROUBLE

log = structlog.get_logger()

LOOK_SECONDS = 0.25  # between two looks: at most four changes a second are told
FINAL = {ImportStatus.FINISHED, ImportStatus.REJECTED, ImportStatus.CANCELLED}


@dataclass(slots=True)
class _Watch:
    """One import that somebody watches."""

    newest: asyncpg.Record | None = None
    watchers: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    looking: asyncio.Task[None] | None = None


class ImportWatches:
    """The imports that are watched in this process."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._watches: dict[UUID, _Watch] = {}

    async def changes(self, import_id: UUID, *, silence_seconds: float) -> AsyncGenerator[asyncpg.Record | None, None]:
        """The import's row now and whenever it changes, up to its final status; None after each silence."""
        watch = self._enter(import_id)
        try:
            seen = None
            while seen is None or seen["status"] not in FINAL:
                newest = await self._next(watch, seen, silence_seconds)
                yield newest
                seen = newest or seen
        finally:
            self._leave(import_id, watch)

    @staticmethod
    async def _next(watch: _Watch, seen: asyncpg.Record | None, seconds: float) -> asyncpg.Record | None:
        try:
            async with asyncio.timeout(seconds), watch.changed:
                await watch.changed.wait_for(lambda: watch.newest is not None and watch.newest != seen)
                return watch.newest
        except TimeoutError:
            return None

    def _enter(self, import_id: UUID) -> _Watch:
        watch = self._watches.setdefault(import_id, _Watch())
        watch.watchers += 1
        if watch.looking is None:
            watch.looking = asyncio.create_task(self._look(import_id, watch))
        return watch

    def _leave(self, import_id: UUID, watch: _Watch) -> None:
        watch.watchers -= 1
        if watch.watchers == 0:
            self._watches.pop(import_id, None)
            if watch.looking:
                watch.looking.cancel()

    async def _look(self, import_id: UUID, watch: _Watch) -> None:
        while True:
            try:
                found = await read_import(self._pool, import_id)
            except DATABASE_TROUBLE as error:
                log.warning("watch.waiting", error=type(error).__name__)
            else:
                async with watch.changed:
                    watch.newest = found
                    watch.changed.notify_all()
            await asyncio.sleep(LOOK_SECONDS)
