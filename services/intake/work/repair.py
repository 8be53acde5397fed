"""An import never hangs: rows and approvals without an answer are published again, exactly those, as the source file
and the ledger know them. After a few tries they get the problem `internal.no_answer` and the import goes on."""

import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import structlog
from aiokafka.errors import KafkaError

from services.intake.deps import Upto
from services.intake.flow_queries import queries
from services.intake.ledger.keep import keep
from services.intake.ledger.keep_checks import RECORDS
from services.intake.ledger.keep_results import OUTCOMES
from services.intake.work.held_import import HeldImport, Progress
from services.intake.work.read_source import BATCH_ROWS, open_held, row_batches
from services.intake.work.wire import approval_message, row_message, values_of
from shared.clock import iso, now
from shared.events import Outcome, Plan, PreImportStatus, RecordChecked, RecordProvisioned, RowRead
from shared.metrics import ROWS_ASKED_AGAIN, ROWS_GIVEN_UP
from shared.problems import problem
from shared.topics import APPROVALS, ROWS

log = structlog.get_logger()


async def repair_rows(held: HeldImport, progress: Progress) -> None:
    """Ask again for the checks that did not come and are not under way. Raises NotOursError."""
    if not await _is_answered(held.deps.rows_answered, progress):
        return
    give_up = await _try_again(held, progress)
    rows = 0
    async for batch in _unanswered_rows(held, progress):
        rows += len(batch)
        if give_up:
            await keep(held.deps, [_unchecked(row, progress) for row in batch], RECORDS)
        else:
            await held.deps.publisher.publish(ROWS, [row_message(row) for row in batch])
    held.deps.wake_outbox.set()
    (ROWS_GIVEN_UP if give_up else ROWS_ASKED_AGAIN).labels("preprocessing").inc(rows)
    log.warning("import.rows_repaired", import_id=str(held.id), rows=rows, tries=progress.tries, given_up=give_up)


async def repair_approvals(held: HeldImport, progress: Progress) -> None:
    """Ask again for the outcomes that did not come and are not under way. Raises NotOursError."""
    if not await _is_answered(held.deps.approvals_answered, progress):
        return
    give_up = await _try_again(held, progress)
    records = 0
    async for batch in _unanswered_approvals(held, progress):
        records += len(batch)
        if give_up:
            await keep(held.deps, [_unprovisioned(record, progress) for record in batch], OUTCOMES)
        else:
            await held.deps.publisher.publish(APPROVALS, [approval_message(record, progress) for record in batch])
    held.deps.wake_outbox.set()
    (ROWS_GIVEN_UP if give_up else ROWS_ASKED_AGAIN).labels("run").inc(records)
    log.warning(
        "import.approvals_repaired", import_id=str(held.id), records=records, tries=progress.tries, given_up=give_up
    )


async def _is_answered(upto: Upto, progress: Progress) -> bool:
    """Whether all that was asked before the silence has been answered. A service that is stopped, or has much to do,
    answers later; asking it again would help nobody."""
    asked_last = time.monotonic() - progress.still_seconds
    try:
        return await upto() > asked_last
    except (KafkaError, OSError) as error:
        log.warning("repair.broker_away", import_id=str(progress.id), error=type(error).__name__)
        return False


async def _try_again(held: HeldImport, progress: Progress) -> bool:
    """Count the try; returns whether it is time to give up instead."""
    tries: int = await held.note(queries.note_try, status=progress.status)
    return tries > held.deps.settings.repair_tries


async def _unanswered_rows(held: HeldImport, progress: Progress) -> AsyncIterator[list[RowRead]]:
    """Published rows without a record. The file is read from its beginning, up to the last of them."""
    left = progress.rows - progress.checked
    async for batch in row_batches(await open_held(held, progress), progress):
        stretch = {"first": batch[0].row, "last": batch[-1].row}
        kept = {row["row"] async for row in queries.kept_rows(held.deps.pool, import_id=held.id, **stretch)}
        missing = [row for row in batch if row.row not in kept and row.row <= progress.read_row]
        if missing:
            yield missing
        left -= len(missing)
        if left <= 0 or batch[-1].row >= progress.read_row:
            return


async def _unanswered_approvals(held: HeldImport, progress: Progress) -> AsyncIterator[list[Mapping[str, Any]]]:
    """Records that were handed over and have no outcome."""
    row = 0
    while True:
        found = queries.unanswered_approvals(
            held.deps.pool, import_id=held.id, after=row, upto=progress.approving_row, most=BATCH_ROWS
        )
        batch = [record async for record in found]
        if not batch:
            return
        yield batch
        row = batch[-1]["row"]


def _unchecked(row: RowRead, progress: Progress) -> RecordChecked:
    return RecordChecked(
        import_id=row.import_id,
        experience_id=row.experience_id,
        row=row.row,
        email_key=row.email_key,
        cells=row.cells,
        values={},
        status=PreImportStatus.ERROR,
        plan=Plan.NONE,
        problems=[*row.problems, problem("internal.no_answer", tries=progress.tries)],
    )


def _unprovisioned(record: Mapping[str, Any], progress: Progress) -> RecordProvisioned:
    return RecordProvisioned(
        import_id=str(progress.id),
        experience_id=str(progress.experience_id),
        row=record["row"],
        email_key=record["email_key"],
        values=values_of(record),
        plan=Plan(record["plan"]),
        outcome=Outcome.FAILED,
        at=iso(now()),
        problem=problem("internal.no_answer", tries=progress.tries),
    )
