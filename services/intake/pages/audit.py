"""Who did what: the whole audit log for platform administrators, an experience's part of it for its administrators. Ids stand in
addresses; a person who is asked for comes in the body, because emails do not belong into addresses."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from uuid import UUID

import aiosql
import asyncpg
from fastapi import APIRouter, Request, Response

from services.intake.api.access import DepsOf
from services.intake.pages.access import PageExperience, PlatformAdministrator
from services.intake.pages.asked_actions import AskedLog, asked_log
from services.intake.pages.csrf import CsrfChecked
from services.intake.pages.forms import read_form
from services.intake.pages.render import render
from services.intake.users.audit_log import Action, list_actions

queries = aiosql.from_path(Path(__file__).parents[1] / "sql" / "pages.sql", "asyncpg")

router = APIRouter(include_in_schema=False)

_PAGE = 50


@router.get("/operations/audit")
async def show_audit_log(request: Request, deps: DepsOf, _: PlatformAdministrator) -> Response:
    """All that was done, newest first; the address may ask for an experience or an import."""
    return await _whole(request, deps.pool, asked_log(request.query_params))


@router.post("/operations/audit", dependencies=[CsrfChecked])
async def search_audit_log(request: Request, deps: DepsOf, _: PlatformAdministrator) -> Response:
    """The same for what one person did."""
    form = await read_form(request)
    return await _whole(request, deps.pool, asked_log(form, who=form.get("who", "")))


@router.get("/experiences/{experience_id}/settings/audit")
async def show_audit_log_of_experience(request: Request, deps: DepsOf, experience: PageExperience) -> Response:
    """What was done in an experience, newest first; the address may ask for an import."""
    asked = asked_log({**request.query_params, "experience": str(experience.id)})
    actions, next_after = await _page(deps.pool, asked)
    files = await _named(queries.file_names(deps.pool, ids=_ids(action.import_id for action in actions)))
    return render(
        request, "experience_audit.html", experience=experience, asked=asked, actions=actions, next_after=next_after,
        files=files,
    )  # fmt: skip


async def _whole(request: Request, pool: asyncpg.Pool, asked: AskedLog) -> Response:
    actions, next_after = await _page(pool, asked)
    ids = _ids([asked.actions.experience_id, *(action.experience_id for action in actions)])
    experiences = await _named(queries.experience_names(pool, ids=ids))
    return render(
        request, "audit.html", asked=asked, actions=actions, next_after=next_after, experiences=experiences
    )  # fmt: skip


async def _page(pool: asyncpg.Pool, asked: AskedLog) -> tuple[list[Action], int | None]:
    found = await list_actions(pool, asked.actions, after=asked.after, limit=_PAGE + 1)
    shown = found[:_PAGE]
    return shown, shown[-1].id if len(found) > _PAGE else None


def _ids(found: Iterable[UUID | None]) -> list[UUID]:
    return sorted({one for one in found if one})


async def _named(rows: AsyncIterator[asyncpg.Record]) -> dict[UUID, str]:
    return {row["id"]: row["name"] async for row in rows}
