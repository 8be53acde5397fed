"""Accepting a stored source file as an import: the import, its event and the audit line in one transaction."""

from dataclasses import dataclass
from uuid import UUID

import structlog

from services.intake.deps import Deps
from services.intake.flow_queries import queries
from services.intake.lifecycle import tell
from services.intake.states import RunMoment
from services.intake.users.people import note_action
from shared.events import EmailPolicy, LifecycleType

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImport:
    """An upload that is stored and may be imported."""

    id: UUID
    experience_id: UUID
    type: str  # import type, e.g. "experience-learners"
    emails: EmailPolicy
    run: RunMoment = RunMoment.AFTER_REVIEW
    idempotency_key: str | None
    file_name: str  # as the person's computer calls it
    file_size: int  # bytes
    file_sha256: str
    file_path: str  # in the file store
    submitted_by: str  # email key


async def submit_import(deps: Deps, new: NewImport) -> UUID:
    """Accept the import and have it read. When the person has used the idempotency key in this experience before, the
    answer is the id of that first import and nothing else happens: the caller may delete the file it stored."""
    async with deps.pool.acquire() as connection, connection.transaction():
        added = await queries.add_import(
            connection, id=new.id, experience_id=new.experience_id, type=new.type, emails=new.emails,
            run=new.run, idempotency_key=new.idempotency_key, file_name=new.file_name, file_size=new.file_size,
            file_sha256=new.file_sha256, file_path=new.file_path, submitted_by=new.submitted_by,
        )  # fmt: skip
        if added is None:
            first: UUID = await queries.first_import(
                connection, experience_id=new.experience_id, submitted_by=new.submitted_by,
                idempotency_key=new.idempotency_key,
            )  # fmt: skip
            return first
        await tell(connection, new.id, LifecycleType.SUBMITTED, base_url=deps.settings.base_url)
        await note_action(
            connection, new.submitted_by, action="import.submitted", import_id=new.id, experience_id=new.experience_id
        )
    deps.wake_all()
    log.info("import.submitted", import_id=str(new.id), bytes=new.file_size)
    return new.id
