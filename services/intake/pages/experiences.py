"""My experiences, and what an experience consists of."""

from pathlib import Path

import aiosql
from fastapi import APIRouter, Request, Response

from services.intake.api.access import DepsOf
from services.intake.pages.access import PageExperience
from services.intake.pages.import_view import is_moving
from services.intake.pages.render import render
from services.intake.pages.sessions import SignedIn
from services.intake.read_imports import list_imports
from services.intake.users.people import administrators_of, experiences_of

queries = aiosql.from_path(Path(__file__).parents[1] / "sql" / "pages.sql", "asyncpg")

router = APIRouter(include_in_schema=False)

_LATEST = 3


@router.get("/")
async def show_my_experiences(request: Request, deps: DepsOf, user: SignedIn) -> Response:
    """The experiences that the person administers, and where something waits for them."""
    found = await experiences_of(deps.pool, user.email_key)
    to_review = {
        row["experience_id"]: row["imports"]
        async for row in queries.imports_to_review(deps.pool, email_key=user.email_key)
    }
    return render(request, "experiences.html", experiences=found, to_review=to_review)


@router.get("/experiences/{experience_id}")
async def show_experience(request: Request, deps: DepsOf, experience: PageExperience) -> Response:
    """An experience: what happened last, and the way to import."""
    latest = await list_imports(deps.pool, experience.id, after=None, limit=_LATEST)
    moving = any(map(is_moving, latest))
    return render(request, "experience.html", experience=experience, imports=latest, moving=moving)


@router.get("/experiences/{experience_id}/settings")
async def show_settings(request: Request, deps: DepsOf, experience: PageExperience) -> Response:
    """General settings: name and administrators."""
    people = await administrators_of(deps.pool, experience.id)
    return render(request, "settings.html", experience=experience, administrators=people)
