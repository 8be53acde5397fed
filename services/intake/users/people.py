"""Who may do what: users, experiences and their administrators. Who someone is, is the email key."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import aiosql
import asyncpg

from shared.email_key import email_key

Database: TypeAlias = asyncpg.Pool | asyncpg.Connection | asyncpg.pool.PoolConnectionProxy

queries = aiosql.from_path(Path(__file__).parents[1] / "sql" / "people.sql", "asyncpg")


@dataclass(frozen=True, slots=True)
class User:
    """A person who may call the API."""

    email_key: str  # identity
    email: str  # as they write it
    platform_administrator: bool = False


@dataclass(frozen=True, slots=True)
class Experience:
    """What learners are imported into."""

    id: UUID
    name: str
    created_at: datetime


async def ensure_user(database: Database, email: str) -> str:
    """Know this person; answers their email key."""
    key = email_key(email)
    await queries.add_user(database, email_key=key, email=email.strip())
    return key


async def make_platform_administrator(database: Database, email: str) -> str:
    """Let this person create experiences and appoint administrators anywhere; answers their email key."""
    key = await ensure_user(database, email)
    await queries.make_platform_administrator(database, email_key=key)
    return key


async def create_experience(pool: asyncpg.Pool, name: str, by: str) -> UUID:
    """A new experience; `by` (email key) is its first administrator."""
    async with pool.acquire() as connection, connection.transaction():
        experience_id: UUID = await queries.add_experience(connection, name=name)
        await queries.add_administrator(connection, experience_id=experience_id, email_key=by)
        await note_action(connection, by, action="experience.created", experience_id=experience_id)
    return experience_id


async def appoint(pool: asyncpg.Pool, experience_id: UUID, *, email: str, by: str) -> bool:
    """Make a person an administrator of the experience; False when there is no such experience."""
    async with pool.acquire() as connection, connection.transaction():
        if not await queries.experience_exists(connection, experience_id=experience_id):
            return False
        key = await ensure_user(connection, email)
        await queries.add_administrator(connection, experience_id=experience_id, email_key=key)
        await note_action(connection, by, action="administrator.appointed", experience_id=experience_id, person=key)
    return True


async def administers(database: Database, email_key: str, *, experience_id: UUID) -> bool:
    """Is this person an administrator of the experience? (Being a platform administrator alone does not count.)"""
    return bool(await queries.administers(database, experience_id=experience_id, email_key=email_key))


async def experiences_of(database: Database, email_key: str) -> list[Experience]:
    """The experiences a person administers, by name."""
    return [Experience(**row) async for row in queries.experiences_of(database, email_key=email_key)]


async def find_experience(database: Database, experience_id: UUID, *, for_user: str) -> Experience | None:
    """The experience if that person (email key) administers it."""
    row = await queries.experience_for(database, experience_id=experience_id, email_key=for_user)
    return Experience(**row) if row else None


async def administrators_of(database: Database, experience_id: UUID) -> list[str]:
    """The emails of an experience's administrators, as they write them."""
    return [row["email"] async for row in queries.administrators_of(database, experience_id=experience_id)]


async def note_action(
    database: Database, by: str, *, action: str, import_id: UUID | None = None, experience_id: UUID | None = None,
    about: str | None = None, person: str | None = None,
) -> None:  # fmt: skip
    """Write down who did what. `about`: with what else, by names and numbers of ours; nothing personal. `person`: to whom, by
    email key."""
    await queries.note_action(
        database, email_key=by, action=action, import_id=import_id, experience_id=experience_id, about=about, person=person
    )  # fmt: skip
