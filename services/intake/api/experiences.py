"""Experiences and who administers them."""

from typing import Annotated
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from fastapi import APIRouter, Path, Response

from services.intake.api.access import Caller, DepsOf, ask_who
from services.intake.api.errors import ApiError, not_found
from services.intake.api.schemas import Experience, ExperienceList, NewExperience
from services.intake.users.people import administers, appoint, create_experience, experiences_of
from shared.access_first import access_first

router = APIRouter(prefix="/experiences", tags=["Experiences"], route_class=access_first(ask_who))


@router.get("", response_model=ExperienceList)
async def list_my_experiences(deps: DepsOf, caller: Caller) -> object:
    """The experiences you administer, by name."""
    return {"items": await experiences_of(deps.pool, caller.email_key)}


@router.post("", status_code=201, response_model=Experience)
async def create_new_experience(new: NewExperience, deps: DepsOf, caller: Caller) -> object:
    """Create an experience; you become its first administrator. For platform administrators."""
    if not caller.platform_administrator:
        raise ApiError(403, "auth.platform_only", "Only platform administrators create experiences; ask one of them.")
    created = await create_experience(deps.pool, new.name, by=caller.email_key)
    return next(mine for mine in await experiences_of(deps.pool, caller.email_key) if mine.id == created)


@router.put("/{experience_id}/administrators/{email}", status_code=204)
async def appoint_administrator(
    experience_id: UUID,
    email: Annotated[str, Path(max_length=254, json_schema_extra={"format": "email"})],
    deps: DepsOf,
    caller: Caller,
) -> Response:
    """Make a person an administrator of an experience. For platform administrators; repeating it changes nothing."""
    if not caller.platform_administrator:
        if not await administers(deps.pool, caller.email_key, experience_id=experience_id):
            raise not_found()
        raise ApiError(
            403, "auth.platform_only", "Only platform administrators appoint administrators; ask one of them."
        )
    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError:
        raise ApiError(422, "email.invalid", "That is not an email address; correct it.") from None
    if not await appoint(deps.pool, experience_id, email=email, by=caller.email_key):
        raise not_found()
    return Response(status_code=204)
