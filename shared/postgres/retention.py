"""Retention: what a service may keep of people, for how long, and the loop that removes what is older. Each service says in its
`retention.py` what it keeps; `rollcall retention` asks the same questions of its database."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy

from shared.clock import now
from shared.measure import Measurement
from shared.metrics import RETENTION_OVERDUE
from shared.postgres.away import DATABASE_TROUBLE

log = structlog.get_logger()

Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy
Oldest = Callable[[Connection], Awaitable[datetime | None]]
Remove = Callable[[PoolConnectionProxy, datetime, int], Awaitable[int]]

FIRST_SECONDS = 10.0  # a process that starts has better things to do
EVERY_SECONDS = 600.0
AT_ONCE = 2_000  # rows in one transaction
ROUND_BATCHES = 500  # of one kind in one round; what is left waits for the next
REST_SECONDS = 0.05  # between batches, so that nobody who imports waits for long
GRACE = timedelta(hours=1)  # what is due goes with the next rounds
_LOCK = 0x52657461  # "Reta": one replica at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One kind of data with its limit."""

    what: str
    days: float
    oldest: Oldest  # since when the oldest of it counts; None: there is none
    remove: Remove  # some of what counts since before a moment: at most so many; how many


async def apply_retention(pool: asyncpg.Pool, limits: Sequence[Limit]) -> None:
    """Remove for ever what is older than it may be, one replica at a time."""
    await asyncio.sleep(FIRST_SECONDS)
    while True:
        try:
            async with pool.acquire() as connection:
                if await connection.fetchval("select pg_try_advisory_lock($1)", _LOCK):
                    try:
                        await apply_once(connection, limits)
                    finally:
                        await connection.execute("select pg_advisory_unlock($1)", _LOCK)
        except DATABASE_TROUBLE as error:
            log.warning("retention.waiting", error=type(error).__name__)
        await asyncio.sleep(EVERY_SECONDS)


async def apply_once(connection: PoolConnectionProxy, limits: Sequence[Limit]) -> dict[str, int]:
    """One round; how much of each kind is gone. What was done is noted beside the limits, for `rollcall retention`."""
    removed: dict[str, int] = {}
    for limit in limits:
        gone = removed[limit.what] = await _remove(connection, limit)
        await connection.execute(_NOTE, limit.what, limit.days, gone)
        if gone:
            log.info("retention.applied", what=limit.what, removed=gone)
    return removed


async def _remove(connection: PoolConnectionProxy, limit: Limit) -> int:
    before, removed = now() - timedelta(days=limit.days), 0
    for _ in range(ROUND_BATCHES):
        async with connection.transaction():
            some = await limit.remove(connection, before, AT_ONCE)
        removed += some
        if not some:
            break
        await asyncio.sleep(REST_SECONDS)
    return removed


_NOTE = """
insert into retention (what, days, applied_at, removed) values ($1, $2, now(), $3)
on conflict (what) do update
set days = excluded.days, applied_at = excluded.applied_at, removed = retention.removed + excluded.removed
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How old the oldest of a kind is, against its limit as the service applies it."""

    what: str
    days: float | None  # None: the service has never applied it
    oldest: datetime | None
    applied_at: datetime | None
    removed: int

    @property
    def overdue(self) -> timedelta:
        """How much longer the oldest is kept than it may be; zero while the next rounds see to it."""
        if self.oldest is None or self.days is None:
            return timedelta(0)
        late = now() - self.oldest - timedelta(days=self.days)
        return late if late > GRACE else timedelta(0)


async def look(connection: Connection, what: str, oldest: Oldest) -> Kept:
    """What is kept of a kind, as the database shows it now."""
    noted = await connection.fetchrow("select days, applied_at, removed from retention where what = $1", what)
    found = await oldest(connection)
    if noted is None:
        return Kept(what=what, days=None, oldest=found, applied_at=None, removed=0)
    return Kept(what=what, oldest=found, **noted)


def measure_retention(pool: asyncpg.Pool, limits: Sequence[Limit]) -> Measurement:
    """By how much the oldest of each kind is kept for too long."""

    async def measure() -> None:
        async with pool.acquire() as connection:
            for limit in limits:
                oldest = await limit.oldest(connection)
                kept = Kept(what=limit.what, days=limit.days, oldest=oldest, applied_at=None, removed=0)
                RETENTION_OVERDUE.labels(limit.what).set(kept.overdue.total_seconds())

    def forget() -> None:
        for limit in limits:
            with suppress(KeyError):
                RETENTION_OVERDUE.remove(limit.what)

    return Measurement(what="retention", measure=measure, forget=forget)


def changed(status: str) -> int:
    """How many rows a statement changed, from what Postgres says of it."""
    return int(status.rpartition(" ")[2])
