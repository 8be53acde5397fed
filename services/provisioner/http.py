"""The directory as other systems may read it: accounts, and who is in an experience. Read-only, for holders of one token;
off without it. Errors are RFC 9457 problem details with a stable code."""

import secrets
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, SecretStr
from starlette.exceptions import HTTPException

from services.provisioner.store import QUERIES
from shared.access_first import access_first
from shared.email_key import email_key
from shared.http_bodies import LimitBodies

LARGEST_ID = 2**63 - 1
_bearer = HTTPBearer(auto_error=False)


class Account(BaseModel):
    """A person's login."""

    id: int
    email: str
    first_name: str
    last_name: str
    created_at: datetime
    created_by_import: UUID | None


class Member(BaseModel):
    """A person's role in an experience."""

    account_id: int
    email: str
    first_name: str
    last_name: str
    role: str
    created_at: datetime
    created_by_import: UUID | None


class Accounts(BaseModel):
    """A page of accounts; `next` is the `after` of the following page."""

    items: list[Account]
    next: int | None


class Members(BaseModel):
    """A page of memberships; `next` is the `after` of the following page."""

    items: list[Member]
    next: str | None


class Person(BaseModel):
    """Whom to find. In the body, so that no email stands in URLs and their logs."""

    email: str


class Refused(Exception):
    """A call that is answered with a problem."""

    def __init__(self, status: HTTPStatus, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


Limit = Annotated[int, Query(ge=1, le=1000)]
NO_ACCOUNT = Refused(HTTPStatus.NOT_FOUND, "account.not_found", "There is no such account.")


def directory_api(pool: asyncpg.Pool, token: SecretStr | None) -> FastAPI:
    """The routes, on an application that the service's health pages are added to."""
    api = FastAPI(
        title="Rollcall directory", summary="Accounts and memberships, read-only.", version="1",
        docs_url=None, redoc_url=None,  # their viewers load from other people's servers
        redirect_slashes=False,  # such a redirect would believe the Host header
    )  # fmt: skip
    api.add_middleware(LimitBodies)

    def permitted(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
        if token is None:
            raise Refused(HTTPStatus.NOT_FOUND, "directory.off", "The directory API is off: no token is set.")
        given = credentials.credentials if credentials else ""
        if not secrets.compare_digest(given.encode(), token.get_secret_value().encode()):
            raise Refused(HTTPStatus.UNAUTHORIZED, "token.invalid", "Send the directory token as bearer token.")

    async def ask(request: Request) -> None:
        permitted(await _bearer(request))

    routes = APIRouter(prefix="/api/v1", dependencies=[Depends(permitted)], route_class=access_first(ask))
    _add_accounts(routes, pool)
    _add_memberships(routes, pool)
    api.include_router(routes)
    api.add_exception_handler(Refused, _as_problem)
    api.add_exception_handler(RequestValidationError, _as_invalid)
    api.add_exception_handler(HTTPException, _as_no_route)
    return api


def _add_accounts(routes: APIRouter, pool: asyncpg.Pool) -> None:
    @routes.get("/accounts")
    async def list_accounts(after: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0, limit: Limit = 100) -> Accounts:
        """All accounts, oldest first."""
        items = [Account(**row) async for row in QUERIES.accounts_after(pool, after=after, limit=limit)]
        return Accounts(items=items, next=items[-1].id if len(items) == limit else None)

    @routes.post("/accounts/find")
    async def find_account(person: Person) -> Account:
        """The account of a person."""
        found = await QUERIES.account_by_key(pool, email_key=email_key(person.email.replace("\0", "")))
        if found is None:
            raise NO_ACCOUNT
        return Account(**found)

    @routes.get("/accounts/{account_id}")
    async def get_account(account_id: int) -> Account:
        """One account."""
        found = None
        if 0 < account_id <= LARGEST_ID:
            found = await QUERIES.account_by_id(pool, account_id=account_id)
        if found is None:
            raise NO_ACCOUNT
        return Account(**found)


def _add_memberships(routes: APIRouter, pool: asyncpg.Pool) -> None:
    @routes.get("/experiences/{experience_id}/memberships")
    async def list_memberships(
        experience_id: UUID, after: Annotated[str, Query(pattern=r"^\d{1,18}\.[\w-]*$")] = "0.", limit: Limit = 100
    ) -> Members:
        """Who is in an experience, in which role. An experience nobody is in has none."""
        account, _, role = after.partition(".")
        found = QUERIES.members_after(
            pool, experience_id=experience_id, after_account=int(account), after_role=role, limit=limit
        )
        items = [Member(**row) async for row in found]
        last = items[-1] if len(items) == limit else None
        return Members(items=items, next=f"{last.account_id}.{last.role}" if last else None)


def _problem(status: HTTPStatus, code: str, detail: str) -> JSONResponse:
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "code": code, "detail": detail}
    headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else None
    return JSONResponse(body, status, headers, media_type="application/problem+json")


async def _as_problem(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, Refused):
        raise error
    return _problem(error.status, error.code, error.detail)


async def _as_invalid(request: Request, error: Exception) -> JSONResponse:
    """Names the places that are wrong and not their values: those may be personal."""
    if not isinstance(error, RequestValidationError):
        raise error
    places = ", ".join(sorted({".".join(str(part) for part in found["loc"]) for found in error.errors()}))
    return _problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, "request.invalid", f"These parts of the request are wrong: {places}."
    )


async def _as_no_route(request: Request, error: Exception) -> JSONResponse:
    """The framework's own refusals: an address or a method that there is not."""
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    code = {HTTPStatus.NOT_FOUND: "not_found", HTTPStatus.METHOD_NOT_ALLOWED: "method.not_allowed"}.get(status)
    return _problem(status, code or "request.invalid", status.description or status.phrase)
