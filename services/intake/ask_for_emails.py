"""Asking the notifier for welcome mails. Nothing is sent here: an event says what a person wants, the notifier does it."""

from uuid import UUID

import structlog

from services.intake.deps import Deps
from services.intake.flow_queries import queries
from services.intake.lifecycle import tell
from services.intake.records.email_view import Row
from services.intake.start_run import RunRefused
from services.intake.states import ImportStatus, Refused, why_not
from services.intake.users.people import note_action
from shared.events import EmailPolicy, LifecycleType

log = structlog.get_logger()

_WITH_EMAILS = frozenset({ImportStatus.RUNNING, ImportStatus.CANCELLING, ImportStatus.FINISHED})
NOTHING_HELD = Refused("emails.nothing_held", "This import holds no welcome mails.")
RELEASED = Refused("emails.already_released", "The welcome mails of this import have been released already.")
RECORDS_GONE = Refused(
    "import.records_gone", "The records of this import are kept no more, so no mail of it can be asked for."
)
NOTHING_FAILED = Refused("emails.nothing_failed", "No welcome mail of this import has failed.")


async def release_emails(deps: Deps, import_id: UUID, by: str) -> None:
    """Let the welcome mails go out that the import holds, and those that it still comes to. `by` is an email key. Raises
    RunRefused."""
    async with deps.pool.acquire() as connection, connection.transaction():
        found = await queries.lock_emails(connection, id=import_id)
        if refused := refuse_release(found):
            raise RunRefused(refused)
        await queries.note_release(connection, id=import_id, by=by)
        await note_action(connection, by, action="emails.released", import_id=import_id)
        await tell(connection, import_id, LifecycleType.EMAILS_RELEASED, base_url=deps.settings.base_url)
    deps.wake_outbox.set()
    log.info("emails.released", import_id=str(import_id))


async def resend_emails(deps: Deps, import_id: UUID, by: str) -> None:
    """Have the welcome mails tried again that failed; not those that may have arrived. `by` is an email key. Raises
    RunRefused."""
    async with deps.pool.acquire() as connection, connection.transaction():
        found = await queries.lock_emails(connection, id=import_id)
        if refused := refuse_resend(found):
            raise RunRefused(refused)
        time = await queries.note_resend(connection, id=import_id)
        await note_action(connection, by, action="emails.resent", import_id=import_id)
        base_url = deps.settings.base_url
        await tell(connection, import_id, LifecycleType.EMAILS_RESENT, base_url=base_url, time=time)
    deps.wake_outbox.set()
    log.info("emails.resent", import_id=str(import_id), failed=found["emails_failed"])


def refuse_release(found: Row) -> Refused | None:
    """Why the welcome mails of an import (its row) cannot be released."""
    status = ImportStatus(found["status"])
    if status not in _WITH_EMAILS:
        return why_not(status)
    if found["records_gone_at"]:
        return RECORDS_GONE
    if found["emails_released_at"]:
        return RELEASED
    nobody_is_new = status is ImportStatus.FINISHED and not found["created"]
    return NOTHING_HELD if found["emails"] != EmailPolicy.HOLD or nobody_is_new else None


def refuse_resend(found: Row) -> Refused | None:
    """Why no welcome mails of an import (its row) can be sent again."""
    status = ImportStatus(found["status"])
    if status not in _WITH_EMAILS:
        return why_not(status)
    if found["records_gone_at"]:
        return RECORDS_GONE
    return None if found["emails_failed"] else NOTHING_FAILED
