"""Taking an import to its next status: the one place that does it, in the transaction of what caused it."""

from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from services.intake.flow_queries import queries
from services.intake.lifecycle import tell
from services.intake.states import ImportStatus, Refused, Turn, next_status
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
    that of two who try, one is refused. `by` is the email key of the person who pressed the button."""
    status = ImportStatus(await queries.lock_import(connection, id=import_id))
    following = next_status(status, turn)
    if isinstance(following, Refused):
        return following
    await queries.set_status(connection, id=import_id, status=following, by=by)
    if following in _TOLD:
        await tell(connection, import_id, _TOLD[following], base_url=base_url)
    return following
