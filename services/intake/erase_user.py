"""One person taken out of who may do what: an administrator, or somebody who was one. What they did stays in the audit log."""

import hashlib
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from services.intake.erase_person import queries
from shared.erasure import Deed, Line, Person
from shared.postgres.retention import Connection

_PLACE = "intake: administrator"
KEPT = "May still sign in and administer, or did; --administrator ends it."


class StillNeededError(Exception):
    """Somebody else must take over first; nothing was erased. The message says what to do."""


async def hash_of(connection: Connection, person: Person) -> str:
    """What stands for an erased person in the audit log: says nothing without the database's own key, and the same every time."""
    secret: bytes = await queries.secret(connection)
    return hmac.new(secret, f"erased:{person.key}".encode(), hashlib.sha256).hexdigest()[:32]


async def erased_before(connection: Connection, about: str) -> dict[UUID | None, datetime]:
    """The imports from which whoever has this hash was erased before, and when: what cannot be edited may hold them still."""
    return {row["import_id"]: row["at"] async for row in queries.erased_before(connection, about=about)}


async def check_user(connection: Connection, person: Person) -> None:
    """Whether an administrator can go. Raises StillNeededError."""
    user = await queries.user_of(connection, key=person.key)
    if user and user["alone"]:
        raise StillNeededError(
            f"This person alone administers {user['alone']} experiences; appoint somebody else there first "
            "(`rollcall experience appoint`). Nothing was erased."
        )
    if user and user["at_work"]:
        raise StillNeededError(
            f"{user['at_work']} imports of this person are not over; run or cancel them first. Nothing was erased."
        )


async def erase_user(connection: Connection, person: Person, *, administrator: bool) -> list[Line]:
    """Them as somebody who signs in, if that is asked for; and what the audit log keeps of them."""
    user = await queries.user_of(connection, key=person.key)
    lines = []
    if user and not administrator:
        lines.append(Line(_PLACE, Deed.KEPT, 1, KEPT))
    if user and administrator:
        name = f"erased-{(await hash_of(connection, person))[:12]}"
        async with connection.transaction():
            await queries.add_nobody(connection, name=name)
            await queries.rename_in_imports(connection, key=person.key, name=name)
            await queries.remove_user(connection, key=person.key)
            await queries.forget_user(connection, key=person.key)
        lines.append(Line(_PLACE, Deed.ERASED, 1, f"Their imports are {name}'s now."))
    actions = await queries.actions_of(connection, key=person.key)
    if actions["actions"]:
        days = await queries.days_of(connection, what="audit log")
        until = actions["last"] + timedelta(days=days) if days else None
        why = "Who did what must stay known."
        lines.append(Line("intake: audit log", Deed.KEPT, actions["actions"], why, until))
    return lines
