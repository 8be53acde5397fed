"""Does what a batch of approvals asks for, once, and says what was done: the answers are stored with it and repeated word
for word when the same records come again. What an approval means is decided in outcome.py."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from services.provisioner import store
from services.provisioner.outcome import (
    Finding,
    experiences_asked_for,
    find_outcomes,
    first_of_each_person,
    places_to_add,
    settle_alone,
)
from services.provisioner.store import Connection, RecordId
from shared.clock import iso
from shared.events import Outcome, RecordApproved, RecordProvisioned, encode
from shared.problems import problem

TRIES = 8  # of a batch that others are in the way of
LONGEST_PAUSE_SECONDS = 0.05

# The values of one record are the cause, wherever they were refused: by the driver or by the server (22xxx, 23xxx).
DATA_ERRORS = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, UnicodeEncodeError)
# Another writer was faster (23505) or Postgres asked to try again (40P01, 40001).
IN_THE_WAY = (asyncpg.UniqueViolationError, asyncpg.TransactionRollbackError)


class DirectoryBusy(Exception):
    """Others were in the way of every try. Not the fault of any record: the same batch may come again."""


@dataclass(slots=True)
class Answers:
    """What is said of a batch."""

    events: list[bytes]  # encoded RecordProvisioned, one per approval and in its order
    outcomes: Counter[Outcome]  # of the records answered for the first time
    repeated: int = 0  # records that had been answered before


async def provision(pool: asyncpg.Pool, approvals: Sequence[RecordApproved]) -> Answers:
    """Create accounts, add memberships, answer every record. Nothing is done twice and nothing that exists is changed.

    Most batches are new and alone, so they are copied in. When anything is in the way, nothing has happened, and the
    batch goes the careful way. Raises what means that the database is down or too busy."""
    try:
        async with pool.acquire() as connection, connection.transaction():
            return await provision_new(connection, approvals)
    except (*IN_THE_WAY, *DATA_ERRORS):
        return await provision_carefully(pool, approvals)


async def provision_new(connection: Connection, approvals: Sequence[RecordApproved]) -> Answers:
    """The fast way. UniqueViolationError: a record, account or membership exists that was not seen."""
    moment, cancelled = await store.begin_batch(connection, {approval.import_id for approval in approvals})
    settled = settle_alone(approvals, cancelled)
    people = first_of_each_person(approvals, settled)
    directory = await store.look_up(connection, people, experiences_asked_for(approvals, settled))
    unknown = sorted(people.keys() - directory.accounts.keys())  # sorted, as all writers do: no deadlocks
    created = dict(zip(unknown, await store.take_account_ids(connection, len(unknown)), strict=True))
    directory.accounts |= created
    places = places_to_add(approvals, settled, directory)
    findings = find_outcomes(approvals, settled, accounts=directory.accounts, created=created, added=places)
    events = _events(approvals, findings, moment)
    await store.copy_accounts(connection, created, people)
    await store.copy_memberships(connection, places)
    await store.copy_results(connection, approvals, events)
    return Answers(events, Counter(finding.outcome for finding in findings))


async def provision_carefully(pool: asyncpg.Pool, approvals: Sequence[RecordApproved]) -> Answers:
    """The way for batches with records, accounts or memberships that others have written or are writing, or with values
    that the database refuses."""
    for _ in range(TRIES):
        try:
            async with pool.acquire() as connection, connection.transaction():
                return await _provision_unanswered(connection, approvals)
        except IN_THE_WAY:
            await asyncio.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))  # noqa: S311 - only so that two do not meet again
    raise DirectoryBusy


async def _provision_unanswered(connection: Connection, approvals: Sequence[RecordApproved]) -> Answers:
    moment, cancelled = await store.begin_batch(connection, {approval.import_id for approval in approvals})
    stored = await store.stored_results(connection, approvals)
    answered: dict[RecordId, bytes] = dict(stored)
    unanswered: dict[RecordId, RecordApproved] = {}  # a record may be handed over twice in one batch
    for approval in approvals:
        if (identity := (approval.import_id, approval.row)) not in stored:
            unanswered.setdefault(identity, approval)
    new = list(unanswered.values())
    findings = await _provision_or_halve(connection, new, cancelled)
    events = _events(new, findings, moment)
    await store.copy_results(connection, new, events)
    answered.update(zip(unanswered, events, strict=True))
    return Answers(
        [answered[approval.import_id, approval.row] for approval in approvals],
        Counter(finding.outcome for finding in findings),
        repeated=len(approvals) - len(new),
    )


async def _provision_or_halve(
    connection: Connection, approvals: Sequence[RecordApproved], cancelled: set[str]
) -> list[Finding]:
    """Provision these records; when the values of one are refused, halve until it is alone and let the others pass."""
    if not approvals:
        return []
    try:
        async with connection.transaction():  # a savepoint
            return await _provision_some(connection, approvals, cancelled)
    except IN_THE_WAY:
        raise
    except DATA_ERRORS:
        if len(approvals) == 1:
            return [Finding(Outcome.FAILED, problem=problem("provision.data_refused"))]
    middle = len(approvals) // 2
    first = await _provision_or_halve(connection, approvals[:middle], cancelled)
    return first + await _provision_or_halve(connection, approvals[middle:], cancelled)


async def _provision_some(
    connection: Connection, approvals: Sequence[RecordApproved], cancelled: set[str]
) -> list[Finding]:
    """Looks twice: the second look sees the accounts that others committed while the insert waited for them. The first
    keeps the values of people who have an account out of it: they are not written, so they cannot be refused."""
    settled = settle_alone(approvals, cancelled)
    people = first_of_each_person(approvals, settled)
    experiences = experiences_asked_for(approvals, settled)
    directory = await store.look_up(connection, people, experiences)
    unknown = {key: approval for key, approval in people.items() if key not in directory.accounts}
    created: list[str] = []
    if unknown:
        created = await store.add_accounts(connection, unknown)
        directory = await store.look_up(connection, people, experiences)
    places = places_to_add(approvals, settled, directory)
    added = await store.add_memberships(connection, places)
    return find_outcomes(approvals, settled, accounts=directory.accounts, created=created, added=added)


def _events(approvals: Sequence[RecordApproved], findings: Sequence[Finding], moment: datetime) -> list[bytes]:
    at = iso(moment)
    return [
        encode(
            RecordProvisioned(
                import_id=approval.import_id, experience_id=approval.experience_id, row=approval.row,
                email_key=approval.email_key, values=approval.values, plan=approval.plan, outcome=finding.outcome, at=at,
                account_id=finding.account_id, problem=finding.problem,
            )
        )
        for approval, finding in zip(approvals, findings, strict=True)
    ]  # fmt: skip
