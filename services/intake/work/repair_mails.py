"""What Kafka lost on the way to or from the notifier is said again: the turns it must know, and the approvals of records
of whose welcome mails nothing was heard. All who hear it have heard it before, or need it (docs/decisions/0014)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import structlog
from asyncpg.pool import PoolConnectionProxy

from services.intake.flow_queries import queries
from services.intake.lifecycle import tell
from services.intake.work.held_import import HeldImport, Progress
from services.intake.work.read_source import BATCH_ROWS
from services.intake.work.wire import approval_message
from shared.events import LifecycleType
from shared.metrics import MAIL_REPAIRS
from shared.topics import APPROVALS

log = structlog.get_logger()

TRIES = 80  # with pauses that double up to an hour: three days, more than a mail server is given by default
REST_SECONDS = 0.5  # between batches, so that the approvals of those who wait for their Run are not held up


async def repair_mails(held: HeldImport, progress: Progress) -> None:
    """Ask again what became of the mails of a finished import, if anything is still to be heard. Raises NotOursError."""
    looked = await held.note(queries.look_at_mails)
    if not looked["mails_open"]:
        return
    tries: int = await held.note(queries.note_try, status=progress.status)
    if tries > TRIES:
        await held.note(queries.close_mails)
        MAIL_REPAIRS.labels("given_up").inc()
        log.error("import.mails_given_up", import_id=str(held.id), tries=tries)
        return
    async with held.transaction() as connection:
        await _tell_turns(connection, held, looked)
    records = 0
    if looked["welcomes"]:
        async for batch in _unheard_of(held):
            records += len(batch)
            await held.deps.publisher.publish(APPROVALS, [approval_message(record, progress) for record in batch])
    MAIL_REPAIRS.labels("asked").inc()
    log.warning("import.mails_repaired", import_id=str(held.id), records=records, tries=tries)


async def _tell_turns(connection: PoolConnectionProxy, held: HeldImport, looked: Mapping[str, Any]) -> None:
    """The turns that mails depend on, in their order, with the ids they were told with."""
    base_url = held.deps.settings.base_url
    await tell(connection, held.id, LifecycleType.COMPLETED, base_url=base_url, at=looked["finished_at"])
    if released_at := looked["emails_released_at"]:
        await tell(connection, held.id, LifecycleType.EMAILS_RELEASED, base_url=base_url, at=released_at)
    if time := looked["emails_resent"]:  # the last time asks for all that the earlier ones asked for
        await tell(connection, held.id, LifecycleType.EMAILS_RESENT, base_url=base_url, time=time)


async def _unheard_of(held: HeldImport) -> AsyncIterator[list[Mapping[str, Any]]]:
    row = 0
    while True:
        found = queries.created_without_mail(held.deps.pool, import_id=held.id, after=row, most=BATCH_ROWS)
        batch = [record async for record in found]
        if batch:
            yield batch
        if len(batch) < BATCH_ROWS:
            return
        row = batch[-1]["row"]
        await asyncio.sleep(REST_SECONDS)
