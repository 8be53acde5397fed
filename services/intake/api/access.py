"""Who is calling and what they may see. Every route takes its import or experience from here, never by id alone."""

from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.intake.api.errors import ApiError, not_found
from services.intake.deps import Deps
from services.intake.pages.csrf import HEADER, check_csrf
from services.intake.pages.sessions import find_session, forget_found_session
from services.intake.read_imports import find_import
from services.intake.users.people import User, administers
from services.intake.users.tokens import bearer_of
from shared.postgres.away import DATABASE_TROUBLE

_bearer = HTTPBearer(auto_error=False, description="A token from `rollcall token create`.")
_SAFE = ("GET", "HEAD", "OPTIONS")  # they change nothing


def get_deps(request: Request) -> Deps:
    """The process's resources."""
    deps: Deps = request.app.state.deps
    return deps


DepsOf = Annotated[Deps, Depends(get_deps)]


async def get_caller(
    request: Request, deps: DepsOf, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> User:
    """The person whose token came with the request, or who is signed in: then a change needs the CSRF token of their session
    too. Raises 401 when there is neither or it does not work."""
    if credentials is None:
        if "authorization" in request.headers:
            raise _unauthenticated(
                "auth.invalid", "Send the header as `Authorization: Bearer <token>`.", "invalid_request"
            )
        session = await find_session(request)
        if session is not None:
            if request.method not in _SAFE:
                check_csrf(request, request.headers.get(HEADER))
            return session.user
        raise _unauthenticated("auth.missing", "Send your token in the header `Authorization: Bearer <token>`.")
    user = await bearer_of(deps.pool, credentials.credentials)
    if user is None:
        raise _unauthenticated(
            "auth.invalid", "The token is unknown or was revoked; create a new one.", "invalid_token"
        )
    return user


Caller = Annotated[User, Depends(get_caller)]


async def ask_who(request: Request) -> None:
    """Refuse who is nobody, for routes that read a body."""
    await get_caller(request, get_deps(request), await _bearer(request))


async def get_my_experience(experience_id: UUID, deps: DepsOf, caller: Caller) -> UUID:
    """The id of an experience that the caller administers; 404 for every other."""
    if not await administers(deps.pool, caller.email_key, experience_id=experience_id):
        raise not_found()
    return experience_id


async def get_my_import(import_id: UUID, deps: DepsOf, caller: Caller) -> asyncpg.Record:
    """The row of an import into an experience that the caller administers; 404 for every other."""
    found = await find_import(deps.pool, import_id, for_user=caller.email_key)
    if found is None:
        raise not_found()
    return found


async def may_still_see(request: Request, import_id: UUID) -> bool:
    """Whether the request would be let in to the import if it came now: for streams, which may outlive a session, a token or
    an appointment. A database that is away leaves it open until the next look."""
    forget_found_session(request)
    deps = get_deps(request)
    try:
        caller = await get_caller(request, deps, await _bearer(request))
        return await find_import(deps.pool, import_id, for_user=caller.email_key) is not None
    except ApiError:
        return False
    except DATABASE_TROUBLE:
        return True


MyExperience = Annotated[UUID, Depends(get_my_experience)]
MyImport = Annotated[asyncpg.Record, Depends(get_my_import)]


def _unauthenticated(code: str, detail: str, error: str = "") -> ApiError:
    challenge = f'Bearer realm="rollcall", error="{error}"' if error else 'Bearer realm="rollcall"'
    return ApiError(401, code, detail, headers={"WWW-Authenticate": challenge})
