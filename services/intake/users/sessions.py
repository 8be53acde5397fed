"""Sessions of people who are signed in: random tokens, kept as hashes, ended by time or by hand (nothing is cached)."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import aiosql

from services.intake.users.people import Database, User, note_action

queries = aiosql.from_path(Path(__file__).parents[1] / "sql" / "sessions.sql", "asyncpg")

_RANDOM_BYTES = 32


class SignInWay(StrEnum):
    """How somebody proved who they are."""

    LINK = "link"
    OIDC = "oidc"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody signed in, in one browser."""

    user: User
    token: str
    csrf: str  # what a change has to bring along


@dataclass(frozen=True, slots=True)
class OpenSession:
    """What a person may see of one of their sessions."""

    started_at: datetime
    expires_at: datetime
    here: bool  # in this browser


def new_secret() -> str:
    """A token nobody can guess."""
    return secrets.token_urlsafe(_RANDOM_BYTES)


def hash_of(token: str) -> bytes:
    """As what a token is kept. A plain hash is enough: the token is random, there is no dictionary to try."""
    return hashlib.sha256(token.encode()).digest()


def csrf_of(token: str) -> str:
    """The CSRF token of a session: follows from the session's token, which it does not give away."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


async def start_session(
    database: Database, email_key: str, *, way: SignInWay, lifetime: timedelta, instead_of: str | None = None
) -> str:
    """Sign a person in; answers the token for the cookie. The browser's session before it ends. In your transaction."""
    if instead_of:
        await queries.end_session(database, hash=hash_of(instead_of))
    await queries.forget_ended(database)
    token = new_secret()
    await queries.add_session(database, hash=hash_of(token), email_key=email_key, how=way, lifetime=lifetime)
    await note_action(database, email_key, action=f"signed_in.{way}")
    return token


async def session_of(database: Database, token: str) -> Session | None:
    """The living session with this token."""
    row = await queries.person_of_session(database, hash=hash_of(token))
    return Session(User(**row), token, csrf_of(token)) if row else None


async def open_sessions(database: Database, user: User, *, here: str | None) -> list[OpenSession]:
    """Where a person is signed in, newest first; `here` is the token of the browser that asks."""
    this = hash_of(here) if here else b""
    return [
        OpenSession(row["started_at"], row["expires_at"], here=row["hash"] == this)
        async for row in queries.sessions_of(database, email_key=user.email_key)
    ]


async def end_session(database: Database, token: str) -> None:
    """Sign out of one browser."""
    email_key = await queries.end_session(database, hash=hash_of(token))
    if email_key:
        await note_action(database, email_key, action="signed_out")


async def end_all_sessions(database: Database, email_key: str) -> None:
    """Sign out of every browser; links that were not used work no more either."""
    await queries.end_all_sessions(database, email_key=email_key)
    await queries.end_all_links(database, email_key=email_key)
    await note_action(database, email_key, action="signed_out.everywhere")
