"""The directory as other systems may read it: accounts, and who is in an experience. Read-only, for holders of one token;
off without it. Errors are RFC 9457 problem details with a stable code."""

import secrets
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, SecretStr
from starlette.convertors import IntegerConvertor, register_url_convertor

from services.provisioner.refusals import Refused, answer_errors
from services.provisioner.store import QUERIES
from shared.access_first import access_first
from shared.described_errors import DescribedApi
from shared.email_key import email_key
from shared.http_bodies import LimitBodies

LARGEST_ID = 2**63 - 1
_bearer = HTTPBearer(auto_error=False)


class _Id(IntegerConvertor):
    """A number in an address. Python refuses to read one of thousands of digits, before anybody is asked who they are."""

    regex = "[0-9]{1,40}"


register_url_convertor("id", _Id())


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


Limit = Annotated[int, Query(ge=1, le=1000)]
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such account."}}


def keep_no_copy(response: Response) -> None:
    """Answers have people's data."""
    response.headers["Cache-Control"] = "no-store"


def _no_account() -> Refused:
    return Refused(HTTPStatus.NOT_FOUND, "account.not_found", "There is no such account.")


def directory_api(pool: asyncpg.Pool, token: SecretStr | None) -> FastAPI:
    """The routes, on an application that the service's health pages are added to."""
    api = DescribedApi(
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
            raise Refused(
                HTTPStatus.UNAUTHORIZED, "token.invalid", "Send the directory token as bearer token.",
                headers={"WWW-Authenticate": "Bearer"},
            )  # fmt: skip

    async def ask(request: Request) -> None:
        permitted(await _bearer(request))

    routes = APIRouter(
        prefix="/api/v1", dependencies=[Depends(permitted), Depends(keep_no_copy)], route_class=access_first(ask)
    )
    _add_accounts(routes, pool)
    _add_memberships(routes, pool)
    api.include_router(routes)
    answer_errors(api)
    return api


def _add_accounts(routes: APIRouter, pool: asyncpg.Pool) -> None:
    @routes.get("/accounts")
    async def list_accounts(after: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0, limit: Limit = 100) -> Accounts:
        """All accounts, oldest first."""
        items = [Account(**row) async for row in QUERIES.accounts_after(pool, after=after, limit=limit)]
        return Accounts(items=items, next=items[-1].id if len(items) == limit else None)

    @routes.post("/accounts/find", responses=_UNKNOWN)
    async def find_account(person: Person) -> Account:
        """The account of a person."""
        found = await QUERIES.account_by_key(pool, email_key=email_key(person.email.replace("\0", "")))
        if found is None:
            raise _no_account()
        return Account(**found)

    @routes.get("/accounts/{account_id:id}")
    async def get_account(account_id: int) -> Account:
        """One account."""
        found = None
        if 0 < account_id <= LARGEST_ID:
            found = await QUERIES.account_by_id(pool, account_id=account_id)
        if found is None:
            raise _no_account()
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
