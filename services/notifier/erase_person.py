"""One person taken out of the mail queue: what was to go to them does not go, to whom mails went is forgotten. That there was a mail
stays known, so that no fact told again sends another."""

from collections.abc import Iterable
from typing import NamedTuple

from services.notifier.store import queries
from shared.erasure import Deed, Line, Person
from shared.postgres.retention import Connection, changed

REASON = "The person was erased."
_AT_ONCE = 20_000  # mails looked at


class Created(NamedTuple):
    """An account that an import created: its owner was, or is, to be welcomed."""

    import_id: str
    row: int
    account_id: int


async def erase_person(connection: Connection, person: Person, created: Iterable[Created]) -> list[Line]:
    """Their mails. `created`: of which results speak, so that what is still on its way here finds its mail settled."""
    ids = await _mails_of(connection, person)
    async with connection.transaction():
        blanked = changed(await queries.erase_mails(connection, ids=ids, reason=REASON))
        places = list(created)
        await queries.expect_no_mail(
            connection, reason=REASON, ids=[f"welcome.{one.account_id}.{one.import_id}" for one in places],
            import_ids=[one.import_id for one in places], account_ids=[one.account_id for one in places],
            rows=[one.row for one in places],
        )  # fmt: skip
    lines = [Line("notifier: mails", Deed.ERASED, blanked)] if blanked else []
    if in_hand := len(ids) - blanked:
        lines.append(Line("notifier: mails", Deed.LEFT, in_hand, "Being sent now; erase again in a minute."))
    return lines


async def _mails_of(connection: Connection, person: Person) -> list[str]:
    """The mails to the person, found by reading all: nobody else asks for mails by their address."""
    ids: list[str] = []
    after: str | None = ""
    while after is not None:
        upto = await queries.mail_at(connection, after=after, place=_AT_ONCE - 1)
        found = queries.mails_perhaps_to(connection, after=after, upto=upto, key=person.key)
        ids += [row["id"] async for row in found if person.is_named_in(row["address"])]
        after = upto
    return ids
