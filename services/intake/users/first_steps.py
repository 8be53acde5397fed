"""What a new local stack starts with: two people with tokens and a demo experience. Run as often as you like."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from services.intake.users.people import create_experience, ensure_user, experiences_of, make_platform_administrator
from services.intake.users.tokens import bearer_of, create_token
from shared.postgres.migrate import migrate

ADMINISTRATOR = "admin@northfield-college.org"
SOMEBODY_ELSE = "somebody.else@northfield-college.org"  # administers nothing
EXPERIENCE = "Northfield College: Autumn Projects"


async def prepare_demo(dsn: str, known: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Make sure both people, their tokens and the demo experience are there; migrates the database if needed. `known` is
    an earlier answer: its tokens are kept as long as they work."""
    known = known or {}
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=1)
    try:
        await migrate(pool, Path(__file__).parents[1] / "migrations")
        await make_platform_administrator(pool, ADMINISTRATOR)
        await ensure_user(pool, SOMEBODY_ELSE)
        return {
            "user": ADMINISTRATOR,
            "token": await _working_token(pool, ADMINISTRATOR, known=str(known.get("token") or "")),
            "other_user": SOMEBODY_ELSE,
            "other_token": await _working_token(pool, SOMEBODY_ELSE, known=str(known.get("other_token") or "")),
            "experience_id": str(await _demo_experience(pool)),
        }
    finally:
        await pool.close()


async def _working_token(pool: asyncpg.Pool, email: str, *, known: str) -> str:
    bearer = await bearer_of(pool, known) if known else None
    if bearer and bearer.email == email:
        return known
    return await create_token(pool, email, name="local stack")


async def _demo_experience(pool: asyncpg.Pool) -> UUID:
    for experience in await experiences_of(pool, ADMINISTRATOR):
        if experience.name == EXPERIENCE:
            return experience.id
    return await create_experience(pool, EXPERIENCE, by=ADMINISTRATOR)
