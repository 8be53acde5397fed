"""The mail queue in Postgres: what is to be sent, by whom, and what became of it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import aiosql
import asyncpg
import structlog

from services.notifier.mails import (
    ImportFacts,
    Mail,
    MailStatus,
    NewMail,
    Resend,
    Settlement,
    mail_from_record,
    status_under,
)
from shared.events import EmailPolicy
from shared.postgres.away import DATABASE_AWAY
from shared.postgres.pool import check_database

log = structlog.get_logger()

queries: Any = aiosql.from_path(Path(__file__).parent / "sql", "asyncpg")
_Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
T = TypeVar("T")

MAILS_AT_ONCE = 10_000  # that change their state in one transaction
COUNTED_MAILS = 100_000  # of each kind when an operator looks: an index is walked so far in milliseconds
LOST_ANSWER = "The process that was handing this mail over ended before it knew the mail server’s answer."


async def patiently(act: Callable[[], Awaitable[T]]) -> T:
    """The result of `act`, however long the database is away. `act` may be done more than once."""
    while True:
        try:
            return await act()
        except DATABASE_AWAY as error:
            log.warning("database.away", error=type(error).__name__)
            await asyncio.sleep(1)


class Store:
    """All that the notifier asks of its database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def queue_welcomes(self, mails: Sequence[NewMail]) -> int:
        """Queue welcome mails as the policies of their imports say; how many are new."""
        try:
            return await self._queue(mails, _copy)
        except asyncpg.UniqueViolationError:  # told again, wholly or in part
            return await self._queue(mails, _insert)

    async def _queue(self, mails: Sequence[NewMail], write: "_Write") -> int:
        async with self._pool.acquire() as connection, connection.transaction():
            policies = await _policies(connection, sorted({mail.import_id for mail in mails}))
            entries = {import_id: status_under(policy) for import_id, policy in policies.items()}
            wanted = [_in_state(mail, status) for mail in mails if (status := entries[mail.import_id])]
            return await write(connection, wanted) if wanted else 0

    async def keep_imports(self, facts: Sequence[ImportFacts], finishes: Sequence[NewMail]) -> None:
        """Keep what mails say about imports, let waiting mails go on, and queue finish mails."""
        ids = [known.id for known in facts]
        rows = [known._asdict() | {"counts": json.dumps(known.counts)} for known in facts]
        async with self._pool.acquire() as connection, connection.transaction():
            await queries.keep_facts(connection, rows)
            await queries.end_waiting(connection, ids=ids)
            await queries.drop_unwanted(connection, ids=ids)
            if finishes:
                await _insert(connection, finishes)

    async def claim(self, sender: UUID, *, most: int, lease: timedelta) -> list[Mail]:
        """Take mails that are due, for this sender alone until the lease ends; at most 2 x `most`."""
        async with self._pool.acquire() as connection:
            found = queries.claim(connection, sender=sender, most=most, lease=lease)
            return [mail_from_record(record, json.loads(record["counts"])) async for record in found]

    async def start_sending(self, mail_id: str, sender: UUID) -> bool:
        """Note that a mail is about to be handed over; False when it is not this sender's any more."""
        return await queries.start_sending(self._pool, id=mail_id, sender=sender) is not None

    async def settle(self, settlements: Sequence[Settlement], sender: UUID) -> None:
        """Write down what became of mails."""
        ids, statuses, reasons, pauses = zip(*settlements, strict=True)
        await queries.settle(self._pool, ids=ids, statuses=statuses, reasons=reasons, pauses=pauses, sender=sender)

    async def give_back(self, sender: UUID) -> None:
        """Put mails that this sender claimed and did not try back in the queue."""
        await queries.give_back(self._pool, sender=sender)

    async def renew_leases(self, ids: Sequence[str], sender: UUID, *, lease: timedelta) -> None:
        """Keep the mails that this sender has in hand."""
        await queries.renew_leases(self._pool, ids=ids, sender=sender, lease=lease)

    async def take_back(self) -> list[tuple[str, str]]:
        """End the leases of senders that are gone; (kind, new status) of each mail they had in hand."""
        async with self._pool.acquire() as connection:
            return [
                (record["kind"], record["status"]) async for record in queries.take_back(connection, reason=LOST_ANSWER)
            ]

    async def to_tell(self, most: int) -> list[asyncpg.Record]:
        """Settled mails that nobody was told of."""
        async with self._pool.acquire() as connection:
            return [record async for record in queries.to_tell(connection, most=most)]

    async def mark_told(self, told: Sequence[tuple[str, datetime]]) -> None:
        """Remember which settlements (mail id, when) are published."""
        ids, times = zip(*told, strict=True)
        await queries.mark_told(self._pool, ids=ids, times=times)

    async def release_held(self, import_id: UUID) -> int:
        """Queue the welcome mails that an import holds back, some at a time; how many. One that is told again after a crash
        goes on with the rest."""
        mails = 0
        while some := _count(await queries.release_held(self._pool, import_id=import_id, most=MAILS_AT_ONCE)):
            mails += some
        return mails

    async def queue_failed(self, resend: Resend) -> int:
        """Queue the welcome mails of an import again that have failed, some at a time; how many. One that is told again goes
        on with those that it meant the first time, and leaves what failed since."""
        upto = await queries.note_resend(self._pool, id=resend.id, import_id=resend.import_id)
        await queries.fail_again(self._pool, import_id=resend.import_id, upto=upto)
        asked = {"import_id": resend.import_id, "upto": upto, "most": MAILS_AT_ONCE}
        mails = 0
        while some := _count(await queries.queue_failed(self._pool, **asked)):
            mails += some
        return mails

    async def queue_length(self) -> asyncpg.Record:
        """Mails that wait, new, put off and in hand, and doubtful ones; each counted up to 100,000."""
        found: asyncpg.Record = await queries.queue_length(self._pool, most=COUNTED_MAILS)
        return found

    async def check(self) -> None:
        """Raise while the database does not answer, or takes no changes."""
        await check_database(self._pool)


def _in_state(mail: NewMail, status: MailStatus) -> NewMail:
    return mail if mail.status == status else mail._replace(status=status)


async def _policies(connection: _Connection, ids: Sequence[UUID]) -> dict[UUID, str | None]:
    """The policy of each import. A known one changes only from hold to send; for unknown and holding ones a lifecycle
    event that is under way is waited for, and one that comes later waits for this transaction, so that no mail waits or is
    held for ever."""
    known = {record["id"]: record["policy"] async for record in queries.policies(connection, ids=ids)}
    changing = [import_id for import_id in ids if known.get(import_id) in (None, EmailPolicy.HOLD)]
    if changing:
        await queries.expect_imports(connection, ids=changing)
        known |= {record["id"]: record["policy"] async for record in queries.policies_locked(connection, ids=changing)}
    return known


_Write = Callable[[_Connection, Sequence[NewMail]], Awaitable[int]]


async def _copy(connection: _Connection, mails: Sequence[NewMail]) -> int:
    """Half the price of an insert; raises UniqueViolationError when any of the mails is there."""
    await connection.copy_records_to_table("emails", records=mails, columns=NewMail._fields)
    return len(mails)


async def _insert(connection: _Connection, mails: Sequence[NewMail]) -> int:
    """Adds what is not there. Who asks for a mail that is settled has not heard of it: what became of it is told again."""
    ids, kinds, import_ids, account_ids, rows, addresses, first_names, last_names, statuses = zip(*mails, strict=True)
    done: str = await queries.add_mails(
        connection, ids=ids, kinds=kinds, import_ids=import_ids, account_ids=account_ids, rows=rows,
        addresses=addresses, first_names=first_names, last_names=last_names, statuses=statuses,
    )  # fmt: skip
    added = _count(done)
    if added < len(mails):
        await queries.tell_again(connection, ids=ids)
    return added


def _count(done: str) -> int:
    """How many rows a statement changed, from what Postgres says of it."""
    return int(done.rpartition(" ")[2])
