"""Running an import: every record that can be imported goes onto `imports.approvals`, a window ahead of its outcomes."""

import time
from collections.abc import Mapping
from typing import Any

import structlog

from services.intake.flow_queries import queries
from services.intake.states import ImportStatus, Turn
from services.intake.work.await_answers import await_answers
from services.intake.work.held_import import HeldImport, Progress
from services.intake.work.read_source import BATCH_ROWS
from services.intake.work.repair import repair_approvals
from services.intake.work.wire import approval_message
from shared.topics import APPROVALS
from shared.traces import note_span

log = structlog.get_logger()

LAST_ROW = 2_147_483_647


async def publish_approvals(held: HeldImport, progress: Progress) -> None:
    """Hand over the records that are not handed over yet. Raises NotOursError, also when the run is cancelled."""
    row, approved, provisioned = progress.approved_row, progress.approved, progress.provisioned
    while batch := await approvable(held, after=row, upto=LAST_ROW, most=min(BATCH_ROWS, held.window)):
        window = held.window
        if approved + len(batch) - provisioned > window:
            await _room(held, approved + len(batch) - window)
        # Noted before it is published: what is noted may be out, what is not noted surely is not, so a cancel knows
        # which records it may call skipped.
        provisioned = await held.note(
            queries.note_approving, approved_row=row, approved=approved, approving_row=batch[-1]["row"]
        )
        since = time.time_ns()
        await held.deps.publisher.publish(APPROVALS, [approval_message(record, progress) for record in batch])
        note_span("publish approvals", held.id, since=since, events=len(batch))
        row, approved = batch[-1]["row"], approved + len(batch)
    await complete_approving(held, ImportStatus.RUNNING, approved=approved)
    log.info("import.approved", import_id=str(held.id), records=approved)


async def approvable(held: HeldImport, *, after: int, upto: int, most: int) -> list[Mapping[str, Any]]:
    """The next records that can be imported, in file order."""
    found = queries.records_to_approve(held.deps.pool, import_id=held.id, after=after, upto=upto, most=most)
    return [row async for row in found]


async def complete_approving(held: HeldImport, status: ImportStatus, *, approved: int) -> None:
    """From here the last outcome finishes the import; if it came before, we do."""
    async with held.transaction() as connection:
        if await held.note(queries.complete_approving, connection, status=status, approved=approved):
            await held.take(Turn.SETTLE_LAST, connection)


async def _room(held: HeldImport, needed: int) -> None:
    await await_answers(
        held, lambda progress: progress.provisioned >= needed, status=ImportStatus.RUNNING, repair=repair_approvals
    )
