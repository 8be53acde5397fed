"""The imports of an experience: their list, and the form for a new one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.intake.api.access import DepsOf
from services.intake.deps import Deps
from services.intake.import_types import IMPORT_TYPES
from services.intake.pages.access import PageExperience
from services.intake.pages.csrf import check_csrf
from services.intake.pages.import_view import imported, is_moving, to_run
from services.intake.pages.render import render
from services.intake.pages.sessions import SignedIn
from services.intake.read_imports import list_imports
from services.intake.upload.receive_file import UploadRefused, shown_size
from services.intake.upload.take_upload import take_upload
from services.intake.users.people import Experience
from shared.events import EmailPolicy
from shared.problems import problem

router = APIRouter(prefix="/experiences/{experience_id}/settings/imports", include_in_schema=False)

_PAGE = 25


@router.get("")
async def show_imports(
    request: Request, deps: DepsOf, experience: PageExperience, after: Annotated[UUID | None, Query()] = None
) -> Response:
    """The imports, newest first."""
    found = await list_imports(deps.pool, experience.id, after=after, limit=_PAGE + 1)
    shown = found[:_PAGE]
    return render(
        request, "imports.html", experience=experience, imports=shown, first_page=after is None,
        next_after=shown[-1]["id"] if len(found) > _PAGE else None,
        moving=any(map(is_moving, shown)), imported=imported, to_run=to_run,
    )  # fmt: skip


@router.get("/new")
async def show_new_import(request: Request, deps: DepsOf, experience: PageExperience) -> Response:
    """The form, and beside it what a file should look like."""
    return _form(request, deps, experience)


@router.post("")
async def submit_new_import(request: Request, deps: DepsOf, experience: PageExperience, user: SignedIn) -> Response:
    """Take the form as browsers without scripts send it. (Scripts use the API, which tells how far an upload is.)"""
    try:
        import_id = await take_upload(
            request, deps, experience.id, by=user, check=lambda received: check_csrf(request, received.csrf)
        )
    except UploadRefused as refused:
        return _form(request, deps, experience, status=refused.status, refused=refused.message)
    return RedirectResponse(f"/imports/{import_id}", 303)


def _form(request: Request, deps: Deps, experience: Experience, *, status: int = 200, refused: str = "") -> Response:
    limit = shown_size(deps.settings.upload_max_bytes)
    return render(
        request, "new_import.html", status=status, experience=experience, refused=refused,
        import_types=IMPORT_TYPES.values(), policies=list(EmailPolicy),
        limit=limit, rows=deps.settings.upload_max_rows, most_bytes=deps.settings.upload_max_bytes,
        too_large=problem("file.too_large", limit=limit).message,
    )  # fmt: skip
