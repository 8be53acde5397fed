"""A file that cannot be read as its import type: the import says why, and nothing of it remains in the ledger."""

import structlog

from services.intake.flow_queries import queries
from services.intake.reading.read_rows import Rejected
from services.intake.states import Turn
from services.intake.work.held_import import HeldImport, Progress
from shared.events import encode

log = structlog.get_logger()

_DELETE_ROWS = 5_000  # records per transaction


async def reject_import(held: HeldImport, rejected: Rejected) -> None:
    """Reject the import, also when some of its rows are out already: their checks will be ignored. Raises NotOursError."""
    detected = rejected.detected.as_json() if rejected.detected else {}
    if rejected.first_lines:
        detected["first_lines"] = rejected.first_lines
    async with held.transaction() as connection:
        await held.note(queries.lock_ours, connection)
        await queries.note_rejection(
            connection,
            id=held.id,
            detected=encode(detected).decode() if detected else None,
            problems=encode(rejected.problems).decode(),
        )
        await held.take(Turn.REJECT, connection)
    log.info("import.rejected", import_id=str(held.id), codes=[problem.code for problem in rejected.problems])


async def clear_rejected(held: HeldImport, progress: Progress) -> None:
    """Remove the records that were kept before the import was rejected."""
    while await queries.delete_records(held.deps.pool, import_id=progress.id, most=_DELETE_ROWS):
        pass
    await queries.delete_record_problems(held.deps.pool, import_id=progress.id)
