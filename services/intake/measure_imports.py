"""Imports as numbers for operators: those at work now, and how long each phase of one took."""

from math import nan
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from services.intake.flow_queries import queries
from services.intake.states import ImportStatus
from shared.measure import Measurement
from shared.metrics import IMPORT_SECONDS, IMPORT_STILL, IMPORT_TURNS, IMPORTS_AT_WORK, IMPORTS_REPAIRED

AT_WORK = (ImportStatus.SUBMITTED, ImportStatus.PREPROCESSING, ImportStatus.RUNNING, ImportStatus.CANCELLING)
_PHASES = {ImportStatus.READY: "preprocessing", ImportStatus.FINISHED: "run"}  # which each of these ends


def measure_imports(pool: asyncpg.Pool) -> Measurement:
    """How many imports are at work and whether they move. Every replica sees the same ones."""

    async def measure() -> None:
        found = {row["status"]: row async for row in queries.imports_at_work(pool)}
        for status in AT_WORK:
            IMPORTS_AT_WORK.labels(status.value).set(found[status]["imports"] if status in found else 0)
        IMPORT_STILL.set(max((row["still"] for row in found.values()), default=0.0))
        IMPORTS_REPAIRED.set(sum(row["repaired"] for row in found.values()))

    def forget() -> None:
        IMPORTS_AT_WORK.clear()
        IMPORT_STILL.set(nan)
        IMPORTS_REPAIRED.set(nan)

    return Measurement(what="imports", measure=measure, forget=forget)


async def count_turn(connection: PoolConnectionProxy, import_id: UUID, status: ImportStatus) -> None:
    """Count a turn, and the phase that it ends. Called before the commit: one that is taken back and taken again, which is
    rare, is counted twice."""
    IMPORT_TURNS.labels(status.value).inc()
    if phase := _PHASES.get(status):
        seconds = await queries.phase_seconds(connection, id=import_id)
        IMPORT_SECONDS.labels(phase).observe(max(0.0, seconds[phase]))
