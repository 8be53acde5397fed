"""Taking an import to its next status: the one place that does it, in the transaction of what caused it."""

from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from services.intake.flow_queries import queries
from services.intake.lifecycle import tell
from services.intake.measure_imports import count_turn
from services.intake.states import ImportStatus, Refused, Turn, next_status
from services.intake.users.people import note_action
from services.intake.webhooks.queue_deliveries import queue_deliveries
from shared.events import LifecycleType

_TOLD = {
    ImportStatus.READY: LifecycleType.READY,
    ImportStatus.RUNNING: LifecycleType.STARTED,
    ImportStatus.CANCELLING: LifecycleType.CANCELLING,
    ImportStatus.FINISHED: LifecycleType.COMPLETED,
    ImportStatus.REJECTED: LifecycleType.REJECTED,
    ImportStatus.CANCELLED: LifecycleType.CANCELLED,
}


async def take_turn(
    connection: PoolConnectionProxy, import_id: UUID, turn: Turn, *, base_url: str, by: str | None = None
) -> ImportStatus | Refused:
    """Take the turn if the import's status allows it, and tell it. The row stays locked until the transaction ends, so
    that of two who try, one is refused. `by` is the email key of the person who pressed the button. An import that is ready
    and was uploaded to run when it is clean, and is clean, is run at once, in its submitter's name."""
    status = ImportStatus(await queries.lock_import(connection, id=import_id))
    following = next_status(status, turn)
    if isinstance(following, Refused):
        return following
    await queries.set_status(connection, id=import_id, status=following, by=by)
    await count_turn(connection, import_id, following)
    if following in _TOLD:
        await queue_deliveries(connection, await tell(connection, import_id, _TOLD[following], base_url=base_url))
    if following is ImportStatus.READY and (submitter := await queries.runs_by_itself(connection, id=import_id)):
        await note_action(connection, submitter, action="import.run_when_clean", import_id=import_id)
        return await take_run(connection, import_id, base_url=base_url, by=submitter)
    return following


async def take_run(
    connection: PoolConnectionProxy, import_id: UUID, *, base_url: str, by: str
) -> ImportStatus | Refused:
    """Run an import, if its status allows it; one that has no record to hand over is finished by that."""
    status = await take_turn(connection, import_id, Turn.RUN, base_url=base_url, by=by)
    if isinstance(status, Refused) or await queries.has_importable_records(connection, id=import_id):
        return status
    return await take_turn(connection, import_id, Turn.SETTLE_LAST, base_url=base_url)
