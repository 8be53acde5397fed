"""One person taken out of the provisioner's answers, which stay as answers: the same record handed over again is answered, and nothing is
done. Their account goes if that is asked for."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.provisioner.directory import remove_account
from services.provisioner.store import QUERIES
from shared.erasure import Deed, Line, Person
from shared.events import Codec, Outcome, RecordProvisioned, encode
from shared.kafka.publish import Message
from shared.postgres.outbox import put_in_outbox
from shared.postgres.retention import Connection
from shared.topics import DIRECTORY

_AT_ONCE = 50_000  # answers looked at
_decode = Codec(RecordProvisioned).decode
_ACCOUNT = "provisioner: account and memberships"


@dataclass(slots=True)
class Erased:
    """What was done, and what the others need to know of it."""

    lines: list[Line] = field(default_factory=list)
    has_account: bool = False
    created: list[RecordProvisioned] = field(default_factory=list)  # the answers that said so, without the person


async def erase_person(connection: Connection, person: Person, *, account: bool, experiences: Sequence[str]) -> Erased:
    """Their answers, and with `account` their account. `experiences`: where others may have heard of them as a learner."""
    erased = Erased()
    answers = 0
    async for row, event in _answers_about(connection, person):
        without = _without(event, person)
        answers += 1
        await QUERIES.replace_answer(connection, import_id=row["import_id"], row=row["row"], event=encode(without))
        if event.email_key == person.key and event.outcome is Outcome.CREATED and event.account_id is not None:
            erased.created.append(without)
    if answers:
        erased.lines.append(Line("provisioner: answers", Deed.ERASED, answers))
    await _settle_account(connection, person, erased, remove=account, experiences=experiences)
    return erased


async def _settle_account(
    connection: Connection, person: Person, erased: Erased, *, remove: bool, experiences: Sequence[str]
) -> None:
    places = [row async for row in QUERIES.places_of(connection, email_key=person.key)]
    account_id = await QUERIES.account_id_of(connection, email_key=person.key)
    if account_id is not None and not remove:
        erased.has_account = True
        why = "The person can sign in and is a learner; --account removes both."
        erased.lines.append(Line(_ACCOUNT, Deed.KEPT, 1 + len(places), why))
        return
    async with connection.transaction():
        if account_id is not None:
            await remove_account(connection, person.key)
            erased.lines.append(Line(_ACCOUNT, Deed.ERASED, 1 + len(places)))
        learner = [f"{person.key}/{experience}/learner" for experience in experiences]
        keys = [person.key, *learner, *(f"{person.key}/{row['experience_id']}/{row['role']}" for row in places)]
        if account_id is not None or experiences:  # else nothing was ever said of them under these keys
            await put_in_outbox(connection, DIRECTORY, *(Message(key.encode(), None) for key in dict.fromkeys(keys)))


async def _answers_about(connection: Connection, person: Person) -> AsyncIterator[tuple[Any, RecordProvisioned]]:
    """Found by reading all, an import's rows in order: nobody else asks for answers by their person."""
    texts = [encode(form)[1:-1] for form in person.forms]
    for found in [row async for row in QUERIES.imports_with_results(connection)]:
        last = await QUERIES.last_row(connection, import_id=found["import_id"])
        for after in range(0, (last or 0) + 1, _AT_ONCE):
            stretch = {"import_id": found["import_id"], "after": after, "upto": after + _AT_ONCE}
            rows = [row async for row in QUERIES.answers_with(connection, texts=texts, **stretch)]
            for row in rows:
                event = _decode(row["event"])
                if event.email_key == person.key or any(map(person.is_named_in, event.values.values())):
                    yield row, event


def _without(event: RecordProvisioned, person: Person) -> RecordProvisioned:
    """The answer without the person; of an answer about somebody else only their address goes."""
    if event.email_key == person.key:
        return replace(event, email_key="", values=dict.fromkeys(event.values, ""))
    return replace(event, values={name: person.taken_out_of(value) for name, value in event.values.items()})
