"""Imports: their list, one of them, and its buttons."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query

from services.intake.api.access import Caller, DepsOf, MyExperience, MyImport
from services.intake.api.errors import ApiError
from services.intake.api.schemas import Import, ImportPage
from services.intake.ask_for_emails import release_emails, resend_emails
from services.intake.deps import Deps
from services.intake.read_imports import import_json, list_imports, read_import
from services.intake.start_run import RunRefused, cancel_import, start_run
from services.intake.users.people import User

router = APIRouter(tags=["Imports"])

_REFUSED: dict[int | str, dict[str, Any]] = {
    409: {"description": "The import's status does not allow it; `import_status` says which it is."}
}


@router.get("/experiences/{experience_id}/imports", response_model=ImportPage)
async def list_imports_of_experience(
    experience_id: MyExperience, deps: DepsOf,
    after: Annotated[UUID | None, Query(description="`next_after` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> object:  # fmt: skip
    """The imports into an experience, newest first."""
    found = await list_imports(deps.pool, experience_id, after=after, limit=limit + 1)
    shown = found[:limit]
    return {
        "items": [import_json(row, deps.settings.base_url) for row in shown],
        "next_after": shown[-1]["id"] if len(found) > limit else None,
    }


@router.get("/imports/{import_id}", response_model=Import)
async def show_import(mine: MyImport, deps: DepsOf) -> object:
    """An import: what was detected, how far it is, what it will do or did."""
    return import_json(mine, deps.settings.base_url)


@router.post("/imports/{import_id}/run", status_code=202, response_model=Import, responses=_REFUSED)
async def run_import(mine: MyImport, deps: DepsOf, caller: Caller) -> object:
    """Run a ready import, once: accounts, memberships and mails, as the plan says."""
    return await _press(start_run, mine, deps, caller)


@router.post("/imports/{import_id}/cancel", status_code=202, response_model=Import, responses=_REFUSED)
async def cancel_an_import(mine: MyImport, deps: DepsOf, caller: Caller) -> object:
    """Stop an import. Before Run nothing was done; during it, what is not done yet is skipped."""
    return await _press(cancel_import, mine, deps, caller)


@router.post("/imports/{import_id}/emails/release", status_code=202, response_model=Import, responses=_REFUSED)
async def release_held_emails(mine: MyImport, deps: DepsOf, caller: Caller) -> object:
    """Let the welcome mails go out that an import with `emails` = `hold` keeps back; those that it still comes to go out too."""
    return await _press(release_emails, mine, deps, caller)


@router.post("/imports/{import_id}/emails/resend", status_code=202, response_model=Import, responses=_REFUSED)
async def resend_failed_emails(mine: MyImport, deps: DepsOf, caller: Caller) -> object:
    """Try the welcome mails again that failed. Those that are doubtful may have arrived and are not sent again."""
    return await _press(resend_emails, mine, deps, caller)


async def _press(
    button: Callable[[Deps, UUID, str], Awaitable[None]], mine: asyncpg.Record, deps: Deps, caller: User
) -> dict[str, Any]:
    refused = None
    try:
        await button(deps, mine["id"], caller.email_key)
    except RunRefused as refusal:
        refused = refusal
    now = await read_import(deps.pool, mine["id"])
    if refused:
        raise ApiError(
            409, refused.code, f"{refused.message} (Its status is {now['status']}.)", import_status=now["status"]
        )
    return import_json(now, deps.settings.base_url)
