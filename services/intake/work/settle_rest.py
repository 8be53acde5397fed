"""Cancelling a run: records that were not handed over become `skipped`; those under way wait for their outcome."""

import structlog

from services.intake.flow_queries import queries
from services.intake.states import ImportStatus
from services.intake.work.held_import import HeldImport, Progress
from services.intake.work.publish_approvals import approvable, complete_approving
from services.intake.work.read_source import BATCH_ROWS
from services.intake.work.wire import approval_message
from shared.topics import APPROVALS

log = structlog.get_logger()

SKIP_ROWS = 5_000  # records per transaction


async def settle_rest(held: HeldImport, progress: Progress) -> None:
    """Give every record an outcome or an approval that will be answered. Raises NotOursError."""
    approved = progress.approved + await _publish_doubtful(held, progress)
    row, records = progress.approving_row, 0
    while True:
        async with held.transaction() as connection:
            skipped = await queries.skip_records(connection, import_id=held.id, after=row, most=SKIP_ROWS)
            if skipped["last_row"] is None:
                break
            row = skipped["last_row"]
            await held.note(queries.count_skipped, connection, records=skipped["records"], last_row=row)
            records += skipped["records"]
    await complete_approving(held, ImportStatus.CANCELLING, approved=approved)
    log.info("import.rest_skipped", import_id=str(held.id), records=records)


async def _publish_doubtful(held: HeldImport, progress: Progress) -> int:
    """Approvals that may be out or not, because the one who was publishing them stopped there: publish them (again).
    The provisioner answers each, by now with `skipped` unless it was done before."""
    row, records = progress.approved_row, 0
    while batch := await approvable(held, after=row, upto=progress.approving_row, most=BATCH_ROWS):
        await held.deps.publisher.publish(APPROVALS, [approval_message(record, progress) for record in batch])
        row, records = batch[-1]["row"], records + len(batch)
    return records
