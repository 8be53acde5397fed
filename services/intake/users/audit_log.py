"""The audit log as it is read: who did what, newest first. It is written where things are done (people.py:note_action)."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import aiosql

from services.intake.users.people import Database

queries = aiosql.from_path(Path(__file__).parents[1] / "sql" / "audit_log.sql", "asyncpg")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedActions:
    """Which actions; all must hold."""

    experience_id: UUID | None = None
    import_id: UUID | None = None
    who: str = ""  # email key
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A line of the log."""

    id: int
    at: datetime
    who: str  # email key, or which part of Rollcall did it by itself
    action: str
    import_id: UUID | None
    experience_id: UUID | None
    person: str | None  # to whom it was done
    about: str | None


async def list_actions(database: Database, asked: AskedActions, *, after: int | None, limit: int) -> list[Action]:
    """The newest actions behind the one with the id `after`."""
    where = {"since": asked.since, "after": after or 2**63 - 1, "limit": limit}
    who = asked.who or None
    if asked.import_id:
        found = queries.actions_on_import(
            database, import_id=asked.import_id, experience_id=asked.experience_id, who=who, **where
        )
    elif asked.experience_id:
        found = queries.actions_in_experience(database, experience_id=asked.experience_id, who=who, **where)
    elif who:
        found = queries.actions_of_person(database, who=who, **where)
    else:
        found = queries.actions(database, **where)
    return [Action(**row) async for row in found]
