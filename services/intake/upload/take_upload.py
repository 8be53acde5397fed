"""An upload becomes an import: its body streams into the file store, then it is submitted. The API and the pages do the same."""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID, uuid4

from fastapi import Request

from services.intake.deps import Deps
from services.intake.import_types import IMPORT_TYPES
from services.intake.pages.rate_limits import limit_uploads
from services.intake.upload.receive_file import ReceivedFile, receive_file
from services.intake.upload.refuse_rows import refuse_too_many_rows
from services.intake.upload.submit_import import NewImport, submit_import
from services.intake.upload.upload_turns import UploadTurns
from services.intake.users.people import User
from shared.postgres.away import DATABASE_AWAY
from shared.traces import note_upload

Check = Callable[[ReceivedFile], None]

FOLDER = "imports"  # in the file store


def source_path(import_id: UUID) -> str:
    """Where the source file of an import is kept."""
    return f"{FOLDER}/{import_id}"


async def take_upload(
    request: Request, deps: Deps, experience_id: UUID, *, by: User, key: str | None = None, check: Check | None = None
) -> UUID:
    """Store the file and submit the import. `check` may refuse what was received by raising. The file goes again when it surely
    did not become an import; one of which nobody knows stays, and sweep_files.py removes it if no import names it."""
    await limit_uploads(deps, by)
    since = time.time_ns()
    import_id = uuid4()
    path = source_path(import_id)
    turns: UploadTurns = request.app.state.upload_turns
    async with turns.take(by.email_key):
        received = await receive_file(
            request.stream(), request.headers,
            file_store=deps.file_store, path=path, max_bytes=deps.settings.upload_max_bytes, types=IMPORT_TYPES,
        )  # fmt: skip
    taken = None
    try:
        if check:
            check(received)
        await refuse_too_many_rows(deps, path, received)
        taken = await submit_import(deps, _new_import(import_id, path, received, to=experience_id, by=by, key=key))
    except (*DATABASE_AWAY, asyncio.CancelledError):
        taken = import_id  # for all we know: the database may have taken it, and its answer been lost on the way
        raise
    finally:
        if taken != import_id:  # refused; or a second upload with the same key was faster
            await deps.file_store.delete(path)
    if taken == import_id:
        note_upload(import_id, since=since, bytes=received.size)
    return taken


def _new_import(
    import_id: UUID, path: str, received: ReceivedFile, *, to: UUID, by: User, key: str | None
) -> NewImport:  # fmt: skip
    return NewImport(
        id=import_id, experience_id=to, type=received.type, emails=received.emails, run=received.run,
        idempotency_key=key, file_name=received.name, file_size=received.size, file_sha256=received.sha256, file_path=path,
        submitted_by=by.email_key,
    )  # fmt: skip
