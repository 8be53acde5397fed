"""What a signed-in person may see. Every page takes its import or experience from here, never by id alone."""

from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import Depends

from services.intake.api.access import DepsOf
from services.intake.api.errors import not_found
from services.intake.pages.sessions import SignedIn
from services.intake.read_imports import find_import
from services.intake.users.people import Experience, User, find_experience


async def get_page_experience(experience_id: UUID, deps: DepsOf, user: SignedIn) -> Experience:
    """An experience that the person administers; 404 for every other."""
    found = await find_experience(deps.pool, experience_id, for_user=user.email_key)
    if found is None:
        raise not_found()
    return found


async def get_page_import(import_id: UUID, deps: DepsOf, user: SignedIn) -> asyncpg.Record:
    """The row of an import into an experience that the person administers; 404 for every other."""
    found = await find_import(deps.pool, import_id, for_user=user.email_key)
    if found is None:
        raise not_found()
    return found


async def get_platform_administrator(user: SignedIn) -> User:
    """Who may look into the works; 404 for everybody else, as if there were no such page."""
    if not user.platform_administrator:
        raise not_found()
    return user


PlatformAdministrator = Annotated[User, Depends(get_platform_administrator)]
PageExperience = Annotated[Experience, Depends(get_page_experience)]
PageImport = Annotated[asyncpg.Record, Depends(get_page_import)]
