"""The ledger's table of outcomes: how what was done for a record is stored and counted."""

from collections import Counter
from datetime import datetime
from operator import itemgetter
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from services.intake.flow_queries import queries
from services.intake.ledger.keep import RecordId, Row, Table, Tally, is_time
from services.intake.states import ImportStatus, Turn
from shared.events import RecordProvisioned, encode

_COLUMNS = ("import_id", "row", "outcome", "account_id", "problem", "at")
_BY_OUTCOME = itemgetter(0, 2)


def row_of(event: RecordProvisioned, import_id: str) -> Row:
    """An outcome as a row."""
    at = datetime.fromisoformat(event.at)
    problem = encode(event.problem).decode() if event.problem else None
    return (import_id, event.row, event.outcome, event.account_id, problem, at)


async def copy(connection: PoolConnectionProxy, rows: list[Row]) -> Tally:
    """Store outcomes of records that have none."""
    await connection.copy_records_to_table("record_results", records=rows, columns=_COLUMNS)
    return Counter(map(_BY_OUTCOME, rows))


async def insert(connection: PoolConnectionProxy, rows: list[Row]) -> Tally:
    """Store outcomes of those records that have none, or only one that we had put down in the provisioner's stead."""
    inserted = [row async for row in queries.insert_results(connection, **_lists(rows))]
    tally: Tally = Counter((str(row["import_id"]), row["outcome"]) for row in inserted)
    new = {(str(row["import_id"]), row["row"]) for row in inserted}
    there = [row for row in rows if (row[0], row[1]) not in new]
    if there:
        async for row in queries.replace_results(connection, **_lists(there)):
            tally[str(row["import_id"]), row["outcome"]] += 1
            tally[str(row["import_id"]), row["before"]] -= 1
    return tally


async def count(connection: PoolConnectionProxy, tally: Tally) -> list[UUID]:
    """Add the outcomes to their imports; returns the imports of which all outcomes are known."""
    ids, outcomes = map(list, zip(*tally, strict=True))
    counted = queries.count_results(connection, import_ids=ids, outcomes=outcomes, counts=list(tally.values()))
    return [row["id"] async for row in counted if row["complete"]]


async def without_record(pool: asyncpg.Pool, rows: list[Row]) -> set[RecordId]:
    """Those of the rows that no record is of that can be imported."""
    found = queries.results_without_record(
        pool, import_ids=[row[0] for row in rows], rows=[row[1] for row in rows]
    )  # fmt: skip
    return {(str(row["import_id"]), row["row"]) async for row in found}


def _lists(rows: list[Row]) -> dict[str, list[object]]:
    ids, numbers, outcomes, accounts, problems, ats = map(list, zip(*rows, strict=True))
    return {
        "import_ids": ids, "rows": numbers, "outcomes": outcomes,
        "account_ids": accounts, "problems": problems, "ats": ats,
    }  # fmt: skip


OUTCOMES: Table[RecordProvisioned] = Table(
    # Finished too: what was given up for want of an answer may have been done after all.
    open_in=frozenset({ImportStatus.RUNNING, ImportStatus.CANCELLING, ImportStatus.FINISHED}),
    asked_upto="results_upto",
    turn=Turn.SETTLE_LAST,
    row_of=row_of,
    copy=copy,
    insert=insert,
    count=count,
    unasked=without_record,
    has_time=lambda event: is_time(event.at),
)
