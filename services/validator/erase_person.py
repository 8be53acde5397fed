"""One person taken out of what the validator remembers. Its copy of the directory follows the directory: whoever has an account there is
known here."""

from collections.abc import Sequence
from datetime import timedelta

from services.validator.duplicates import digest
from services.validator.store import QUERIES
from shared.erasure import Deed, Line, Person
from shared.postgres.retention import Connection, changed

_COPY = "validator: copy of the directory"


async def experiences_of(connection: Connection, person: Person) -> Sequence[str]:
    """Where the person is, or was, known as a learner."""
    return [row["experience_id"] async for row in QUERIES.experiences_of(connection, email_key=person.key)]


async def is_known(connection: Connection, person: Person) -> bool:
    """Whether anything was ever told of an account of theirs."""
    return await QUERIES.fact_of_account(connection, email_key=person.key) is not None


async def erase_person(connection: Connection, person: Person, *, has_account: bool) -> list[Line]:
    """What is remembered of the person. Without an account, they are gone from now on; that is forgotten by retention."""
    seen = changed(await QUERIES.forget_email(connection, key=digest(person.key)))
    lines = [Line("validator: emails seen", Deed.ERASED, seen)] if seen else []
    experiences = await experiences_of(connection, person)
    if not has_account:
        await QUERIES.say_gone(connection, email_key=person.key, experience_ids=experiences)
    known = await QUERIES.fact_of_account(connection, email_key=person.key)
    if known is None and not experiences:
        return lines
    facts = (known is not None) + len(experiences)
    if has_account:
        return [*lines, Line(_COPY, Deed.KEPT, facts, "The person has an account; it goes with it.")]
    days = await QUERIES.days_of(connection, what="who is gone")
    until = known["changed_at"] + timedelta(days=days) if known and days else None
    why = "As gone, so that what topics still say does not bring the person back."
    return [*lines, Line(_COPY, Deed.KEPT, facts, why, until)]
