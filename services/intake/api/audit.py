"""Who did what in an experience, for its administrators."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from services.intake.api.access import DepsOf, MyExperience
from services.intake.api.schemas import ActionPage
from services.intake.users.audit_log import AskedActions, list_actions

router = APIRouter(prefix="/experiences/{experience_id}", tags=["Experiences"])

_LAST_ID = 2**63 - 1


@router.get("/audit", response_model=ActionPage)
async def list_actions_in_experience(
    experience_id: MyExperience, deps: DepsOf,
    since: Annotated[datetime | None, Query(description="Only what was done then or later.")] = None,
    after: Annotated[int | None, Query(ge=1, le=_LAST_ID, description="`next_after` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> object:  # fmt: skip
    """Who imported, ran, cancelled, downloaded, released and appointed here, newest first."""
    asked = AskedActions(experience_id=experience_id, since=since)
    found = await list_actions(deps.pool, asked, after=after, limit=limit + 1)
    shown = found[:limit]
    return {"items": shown, "next_after": shown[-1].id if len(found) > limit else None}
