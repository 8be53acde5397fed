"""One person taken out of the provisioner's answers, which stay as answers: the same record handed over again is answered, and nothing is
done. Their account goes if that is asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

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


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered about a record, and under which place it is kept."""

    import_id: UUID
    row: int
    event: RecordProvisioned


async def erase_person(
    connection: Connection, person: Person, answers: Sequence[Answer], *, account: bool, told_of: Sequence[str] | None
) -> tuple[list[Line], bool]:
    """Their answers, and with `account` their account; the lines, and whether they have an account now. `told_of`: the experiences
    in which others have heard of them as a learner; None: nobody has heard of them."""
    async with connection.transaction():
        for answer in answers:
            left = encode(_without(answer.event, person))
            await QUERIES.replace_answer(connection, import_id=answer.import_id, row=answer.row, event=left)
    lines = [Line("provisioner: answers", Deed.ERASED, len(answers))] if answers else []
    of_account, has_account = await _settle_account(connection, person, remove=account, told_of=told_of)
    return [*lines, *of_account], has_account


async def answers_about(connection: Connection, person: Person) -> list[Answer]:
    """Found by reading all, an import's rows in order: nobody else asks for answers by their person."""
    texts = [encode(form)[1:-1] for form in person.forms]
    answers = []
    for found in [row async for row in QUERIES.imports_with_results(connection)]:
        last = await QUERIES.last_row(connection, import_id=found["import_id"])
        for after in range(0, (last or 0) + 1, _AT_ONCE):
            stretch = {"import_id": found["import_id"], "after": after, "upto": after + _AT_ONCE}
            async for row in QUERIES.answers_with(connection, texts=texts, **stretch):
                event = _decode(row["event"])
                if event.email_key == person.key or any(map(person.is_named_in, event.values.values())):
                    answers.append(Answer(row["import_id"], row["row"], event))
    return answers


def created(answers: Sequence[Answer], person: Person) -> Iterator[tuple[str, int, int]]:
    """Import, row and account of each answer that an account was created for the person: for that there is, or will be, a mail."""
    for answer in answers:
        event = answer.event
        if event.email_key == person.key and event.outcome is Outcome.CREATED and event.account_id is not None:
            yield event.import_id, event.row, event.account_id


async def _settle_account(
    connection: Connection, person: Person, *, remove: bool, told_of: Sequence[str] | None
) -> tuple[list[Line], bool]:
    places = [row async for row in QUERIES.places_of(connection, email_key=person.key)]
    account_id = await QUERIES.account_id_of(connection, email_key=person.key)
    if account_id is not None and not remove:
        why = "The person can sign in and is a learner; --account removes both."
        return [Line(_ACCOUNT, Deed.KEPT, 1 + len(places), why)], True
    if account_id is None and told_of is None:  # nothing was ever said of them under these keys
        return [], False
    learner = [f"{person.key}/{experience}/learner" for experience in told_of or ()]
    keys = [person.key, *learner, *(f"{person.key}/{row['experience_id']}/{row['role']}" for row in places)]
    async with connection.transaction():
        if account_id is not None:
            await remove_account(connection, person.key)
        await put_in_outbox(connection, DIRECTORY, *(Message(key.encode(), None) for key in dict.fromkeys(keys)))
    return ([Line(_ACCOUNT, Deed.ERASED, 1 + len(places))] if account_id is not None else []), False


def _without(event: RecordProvisioned, person: Person) -> RecordProvisioned:
    """The answer without the person; of an answer about somebody else only their address goes."""
    if event.email_key == person.key:
        return replace(event, email_key="", values=dict.fromkeys(event.values, ""))
    return replace(event, values={name: person.taken_out_of(value) for name, value in event.values.items()})
