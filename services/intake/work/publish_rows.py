"""Reading a submitted import: its source file becomes rows on `imports.rows`, a window ahead of what is checked.
Going on after a crash is reading again and leaving out what was published."""

import structlog

from services.intake.flow_queries import queries
from services.intake.states import ImportStatus, Turn
from services.intake.work.await_answers import await_answers
from services.intake.work.held_import import HeldImport, Progress
from services.intake.work.read_source import BATCH_ROWS, open_held, row_batches
from services.intake.work.repair import repair_rows
from services.intake.work.wire import row_message
from shared.events import encode
from shared.topics import ROWS
from shared.traces import batch_span

log = structlog.get_logger()


async def publish_rows(held: HeldImport, progress: Progress) -> None:
    """Publish the rows that are not published yet. Raises Rejected, NotOursError."""
    if progress.status == ImportStatus.SUBMITTED:
        async with held.transaction() as connection:
            await held.take(Turn.READ, connection)
    reader = await open_held(held, progress)
    detected, problems = encode(reader.detected.as_json()).decode(), encode(reader.warnings).decode()
    await held.note(queries.note_detected, detected=detected, problems=problems)
    published, checked = progress.rows, progress.checked
    size = min(BATCH_ROWS, held.window)
    async for batch in row_batches(reader, progress, after=progress.read_row, size=size):
        published, window = published + len(batch), held.window
        if published - checked > window:
            await _room(held, published - window)
        with batch_span("publish rows", batch):
            await held.deps.publisher.publish(ROWS, [row_message(row) for row in batch])
        checked = await held.note(queries.checkpoint_reading, read_row=batch[-1].row, rows=published)
    await _complete(held)
    log.info("import.read", import_id=str(held.id), rows=published)


async def _room(held: HeldImport, needed: int) -> None:
    await await_answers(
        held, lambda progress: progress.checked >= needed, status=ImportStatus.PREPROCESSING, repair=repair_rows
    )


async def _complete(held: HeldImport) -> None:
    """From here the last checked record makes the import ready; if it came before, we do."""
    async with held.transaction() as connection:
        await held.note(queries.lock_ours, connection)  # no answer is counted between the two
        await queries.drop_records_beyond_end(connection, import_id=held.id)
        if await held.note(queries.complete_reading, connection):
            await held.take(Turn.CHECK_LAST, connection)
