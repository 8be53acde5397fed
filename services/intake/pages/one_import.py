"""The page of an import, from upload to results, and its two buttons."""

import json
from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.intake.api.access import DepsOf
from services.intake.ask_for_emails import refuse_release, refuse_resend, release_emails, resend_emails
from services.intake.deps import Deps
from services.intake.pages.access import PageImport
from services.intake.pages.asked import Place, filters_from, place_from
from services.intake.pages.csrf import CsrfChecked
from services.intake.pages.forms import read_form
from services.intake.pages.import_view import (
    ASK_TO_CANCEL,
    Phase,
    imported,
    phase_of,
    result_tiles,
    review_tiles,
    segments,
    still_to_do,
    to_run,
)
from services.intake.pages.records_part import records_part
from services.intake.pages.render import render
from services.intake.pages.sessions import SignedIn
from services.intake.read_imports import read_import
from services.intake.records.email_view import email_counts
from services.intake.records.record_filters import Filters
from services.intake.start_run import RunRefused, cancel_import, start_run
from services.intake.users.people import User, find_experience

router = APIRouter(prefix="/imports/{import_id}", include_in_schema=False)


@router.get("")
async def show_import(request: Request, deps: DepsOf, user: SignedIn, mine: PageImport) -> Response:
    """An import as it is now; the address has filters and the place in the table (asked.py)."""
    asked = request.query_params
    return await _page(request, deps, user, mine, filters=filters_from(asked), place=place_from(asked))


@router.post("/records", dependencies=[CsrfChecked])
async def search_records(request: Request, deps: DepsOf, user: SignedIn, mine: PageImport) -> Response:
    """The same page for what somebody searches: in the body, because names and emails do not belong into addresses."""
    form = await read_form(request)
    q = "" if "clear" in form else form.get("q", "")
    return await _page(request, deps, user, mine, filters=filters_from(form, q=q), place=place_from(form))


@router.get("/run")
async def ask_to_run(request: Request, deps: DepsOf, user: SignedIn, mine: PageImport) -> Response:
    """The question before Run, for browsers without scripts."""
    return await _ask(request, deps, user, mine, name="run")


@router.get("/cancel")
async def ask_to_cancel(request: Request, deps: DepsOf, user: SignedIn, mine: PageImport) -> Response:
    """The question before Cancel, for browsers without scripts."""
    return await _ask(request, deps, user, mine, name="cancel")


@router.post("/run", dependencies=[CsrfChecked])
async def press_run(request: Request, deps: DepsOf, user: SignedIn, mine: PageImport) -> Response:
    """Run the import."""
    return await _press(request, deps, user, mine, button=start_run)


@router.post("/cancel", dependencies=[CsrfChecked])
async def press_cancel(request: Request, deps: DepsOf, user: SignedIn, mine: PageImport) -> Response:
    """Cancel the import."""
    return await _press(request, deps, user, mine, button=cancel_import)


@router.get("/emails/release")
async def ask_to_release_emails(request: Request, deps: DepsOf, user: SignedIn, mine: PageImport) -> Response:
    """The question before welcome mails go out, for browsers without scripts."""
    return await _ask(request, deps, user, mine, name="release")


@router.post("/emails/release", dependencies=[CsrfChecked])
async def press_release_emails(request: Request, deps: DepsOf, user: SignedIn, mine: PageImport) -> Response:
    """Let the welcome mails go out that the import holds."""
    return await _press(request, deps, user, mine, button=release_emails)


@router.get("/emails/resend")
async def ask_to_resend_emails(request: Request, deps: DepsOf, user: SignedIn, mine: PageImport) -> Response:
    """The question before failed welcome mails are tried again, for browsers without scripts."""
    return await _ask(request, deps, user, mine, name="resend")


@router.post("/emails/resend", dependencies=[CsrfChecked])
async def press_resend_emails(request: Request, deps: DepsOf, user: SignedIn, mine: PageImport) -> Response:
    """Have the welcome mails tried again that failed."""
    return await _press(request, deps, user, mine, button=resend_emails)


async def _ask(request: Request, deps: Deps, user: User, mine: asyncpg.Record, *, name: str) -> Response:
    phase = phase_of(mine["status"])
    allowed = {
        "run": phase is Phase.REVIEW, "cancel": mine["status"] in ASK_TO_CANCEL, "release": refuse_release(mine) is None,
        "resend": refuse_resend(mine) is None,
    }  # fmt: skip
    if not allowed[name]:
        return RedirectResponse(f"/imports/{mine['id']}", 303)
    experience = await find_experience(deps.pool, mine["experience_id"], for_user=user.email_key)
    return render(
        request, f"ask_{name}.html", found=mine, phase=phase, to_run=to_run(mine), tiles=review_tiles(mine),
        experience=experience,
    )  # fmt: skip


async def _press(
    request: Request, deps: Deps, user: User, mine: asyncpg.Record, *,
    button: Callable[[Deps, UUID, str], Awaitable[None]],
) -> Response:  # fmt: skip
    try:
        await button(deps, mine["id"], user.email_key)
    except RunRefused as refused:  # somebody else was faster; the page shows what is true now, and why
        now = await read_import(deps.pool, mine["id"])
        return await _page(request, deps, user, now, filters=Filters(), place=Place(), refused=refused)
    return RedirectResponse(f"/imports/{mine['id']}", 303)


async def _page(
    request: Request, deps: Deps, user: User, found: asyncpg.Record, *,
    filters: Filters, place: Place, refused: RunRefused | None = None,
) -> Response:  # fmt: skip
    phase = phase_of(found["status"])
    tiles = review_tiles(found) if phase in (Phase.REVIEW, Phase.CANCELLED) else result_tiles(found)
    return render(
        request, "import.html", status=refused.status if refused else 200,
        found=found, phase=phase, refused=refused, tiles=tiles, segments=segments(tiles, found["rows"]),
        counts={tile.name: tile.count for tile in tiles}, pending=still_to_do(found),
        to_run=to_run(found), imported=imported(found), can_cancel=found["status"] in ASK_TO_CANCEL,
        can_release=refuse_release(found) is None, can_resend=refuse_resend(found) is None, emails=email_counts(found),
        detected=json.loads(found["detected"]) if found["detected"] else None,
        problems=json.loads(found["problems"]), records=await records_part(deps.pool, found, filters=filters, place=place),
        experience=await find_experience(deps.pool, found["experience_id"], for_user=user.email_key),
    )  # fmt: skip
