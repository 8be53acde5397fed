"""The people of a local stack: a platform administrator, somebody who administers nothing, and a demo experience.

Their tokens are kept in the stack's secrets, so that they stay the same from start to start."""

import json
from dataclasses import asdict, dataclass
from uuid import UUID

import asyncpg

from cli.local.files import write_atomically
from cli.local.stack_file import Home, read_json
from services.intake.people import create_experience, ensure_user, experiences_of, make_platform_administrator
from services.intake.tokens import bearer_of, create_token

USER = "admin@northfield-college.org"
OTHER_USER = "visitor@northfield-college.org"
EXPERIENCE = "Welcome week"
_TOKEN_NAME = "local stack"  # noqa: S105 - what it is called, not what it is


@dataclass(frozen=True, slots=True)
class DemoPeople:
    """Who may use a local stack, with their tokens in clear."""

    user: str
    token: str
    other_user: str
    other_token: str
    experience_id: str


async def demo_people(intake_dsn: str, home: Home) -> DemoPeople:
    """The people of last time if intake still knows them, else new ones."""
    secrets = read_json(home.secrets)
    async with asyncpg.create_pool(intake_dsn, min_size=1, max_size=1) as pool:
        known = secrets.get("people")
        if known and await _still_there(pool, DemoPeople(**known)):
            return DemoPeople(**known)
        people = await _introduce(pool)
    write_atomically(home.secrets, json.dumps(secrets | {"people": asdict(people)}, indent=2))
    return people


async def _still_there(pool: asyncpg.Pool, people: DemoPeople) -> bool:
    user, other = await bearer_of(pool, people.token), await bearer_of(pool, people.other_token)
    if user is None or other is None:
        return False
    return UUID(people.experience_id) in {experience.id for experience in await experiences_of(pool, user.email_key)}


async def _introduce(pool: asyncpg.Pool) -> DemoPeople:
    key = await make_platform_administrator(pool, USER)
    await ensure_user(pool, OTHER_USER)
    return DemoPeople(
        user=USER,
        token=await create_token(pool, USER, name=_TOKEN_NAME),
        other_user=OTHER_USER,
        other_token=await create_token(pool, OTHER_USER, name=_TOKEN_NAME),
        experience_id=str(await create_experience(pool, EXPERIENCE, key)),
    )
