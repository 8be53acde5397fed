"""The directory's and the results' tables: one function per statement that a batch makes, lists in and lists out."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import aiosql
import asyncpg

from services.provisioner.outcome import Directory, Place
from shared.events import RecordApproved

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
RecordId = tuple[str, int]  # import id, row

QUERIES = aiosql.from_path(Path(__file__).parent / "sql", "asyncpg")
DIRECTORY_LOCK = 0x44697265  # "Dire"; shared by batches, held alone by changes by hand


async def begin_batch(connection: Connection, import_ids: Iterable[str]) -> tuple[datetime, set[str]]:
    """Keep changes by hand waiting; returns the batch's time and which of these imports are being cancelled.

    Everything the batch will see was done before that time, and nobody can undo what it does until it is committed: so
    whoever keeps the newest fact about a person keeps the true one."""
    async for _ in QUERIES.share_directory(connection, lock=DIRECTORY_LOCK):
        pass  # a statement of its own: the next one sees what was committed while this one waited
    found = await QUERIES.moment_and_cancelled(connection, import_ids=list(import_ids))
    return found["moment"], set(found["cancelled"])


async def look_up(connection: Connection, people: Mapping[str, RecordApproved], experience_ids: set[str]) -> Directory:
    """What the directory knows of these people and experiences now."""
    directory = Directory()
    found = QUERIES.known_people(connection, email_keys=list(people), experience_ids=list(experience_ids))
    async for key, account_id, experience_id in found:
        directory.accounts[key] = account_id
        if experience_id is not None:
            directory.learners.add((account_id, experience_id))
    return directory


async def take_account_ids(connection: Connection, count: int) -> list[int]:
    """Numbers for so many new accounts. Nobody else gets them."""
    return list(await QUERIES.take_account_ids(connection, count=count)) if count else []


async def copy_accounts(connection: Connection, ids: Mapping[str, int], people: Mapping[str, RecordApproved]) -> None:
    """New accounts, in the order of `ids`. UniqueViolationError: somebody has one already."""
    rows = ((ids[key], *_account(key, people[key])) for key in ids)
    columns = ("id", "email_key", "email", "first_name", "last_name", "created_by_import")
    await connection.copy_records_to_table("accounts", records=rows, columns=columns)


async def add_accounts(connection: Connection, people: Mapping[str, RecordApproved]) -> list[str]:
    """Accounts for those who have none. Returns the email keys of the new ones."""
    keys, emails, first_names, last_names, import_ids = zip(
        *(_account(key, people[key]) for key in people), strict=True
    )
    found = QUERIES.add_accounts(
        connection, email_keys=keys, emails=emails, first_names=first_names, last_names=last_names,
        import_ids=import_ids,
    )  # fmt: skip
    return [row["email_key"] async for row in found]


async def copy_memberships(connection: Connection, places: Mapping[Place, str]) -> None:
    """New learner memberships. UniqueViolationError: one was made meanwhile."""
    rows = [
        (account_id, experience_id, places[account_id, experience_id]) for account_id, experience_id in sorted(places)
    ]
    columns = ("account_id", "experience_id", "created_by_import")
    await connection.copy_records_to_table("memberships", records=rows, columns=columns)


async def add_memberships(connection: Connection, places: Mapping[Place, str]) -> list[Place]:
    """Learner memberships where there are none. Returns the new ones."""
    found = QUERIES.add_memberships(
        connection, account_ids=[account_id for account_id, _ in places],
        experience_ids=[experience_id for _, experience_id in places], import_ids=list(places.values()),
    )  # fmt: skip
    return [(row["account_id"], row["experience_id"]) async for row in found]


async def copy_results(connection: Connection, approvals: Sequence[RecordApproved], answers: Sequence[bytes]) -> None:
    """Keep what is answered. UniqueViolationError: one of these records has been answered before."""
    rows = [(approval.import_id, approval.row, event) for approval, event in zip(approvals, answers, strict=True)]
    await connection.copy_records_to_table("results", records=rows, columns=("import_id", "row", "event"))


async def stored_results(connection: Connection, approvals: Sequence[RecordApproved]) -> dict[RecordId, bytes]:
    """What was answered before for these records."""
    found = QUERIES.stored_results(
        connection,
        import_ids=[approval.import_id for approval in approvals],
        rows=[approval.row for approval in approvals],
    )
    return {(import_id, row): event async for import_id, row, event in found}


async def remember_cancelled(pool: asyncpg.Pool, import_ids: Sequence[str]) -> None:
    """From now on approvals of these imports are skipped."""
    await QUERIES.remember_cancelled(pool, import_ids=import_ids)


def _account(key: str, approval: RecordApproved) -> tuple[str, str, str, str, str]:
    values = approval.values
    return key, values["email"], values.get("first_name", ""), values.get("last_name", ""), approval.import_id
