"""The two buttons: Run and Cancel. What follows is background work (work/publish_approvals.py, work/settle_rest.py)."""

import time
from uuid import UUID

import structlog

from services.intake.deps import Deps
from services.intake.states import ImportStatus, Refused, Turn
from services.intake.take_turn import take_run, take_turn
from services.intake.users.people import note_action
from shared.traces import note_span

log = structlog.get_logger()


class RunRefused(Exception):
    """The import's status does not allow what the person asked for."""

    def __init__(self, refused: Refused, *, status: int = 409) -> None:
        super().__init__(refused.code)
        self.code = refused.code
        self.status = status  # of HTTP
        self.message = refused.message


async def start_run(deps: Deps, import_id: UUID, by: str) -> None:
    """Start the run of a ready import; `by` is an email key. Raises RunRefused."""
    since = time.time_ns()
    async with deps.pool.acquire() as connection, connection.transaction():
        _taken(await take_run(connection, import_id, base_url=deps.settings.base_url, by=by), import_id)
        await note_action(connection, by, action="import.run", import_id=import_id)
    note_span("run", import_id, since=since)
    deps.wake_all()


async def cancel_import(deps: Deps, import_id: UUID, by: str) -> None:
    """Stop an import: before Run nothing was done and nothing will be; during it, what is not done yet is skipped.
    `by` is an email key. Raises RunRefused."""
    async with deps.pool.acquire() as connection, connection.transaction():
        turned = await take_turn(connection, import_id, Turn.CANCEL, base_url=deps.settings.base_url, by=by)
        _taken(turned, import_id)
        await note_action(connection, by, action="import.cancelled", import_id=import_id)
    deps.wake_all()


def _taken(turned: ImportStatus | Refused, import_id: UUID) -> None:
    if isinstance(turned, Refused):
        raise RunRefused(turned)
    log.info("import.turned", import_id=str(import_id), status=turned)
