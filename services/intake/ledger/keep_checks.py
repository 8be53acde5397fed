"""The ledger's table of records: how a checked record is stored, found by its problems, and counted."""

from collections import Counter
from operator import itemgetter
from uuid import UUID

import msgspec
from asyncpg.pool import PoolConnectionProxy

from services.intake.flow_queries import queries
from services.intake.ledger.keep import Row, Table, Tally
from services.intake.states import ImportStatus, Turn
from shared.events import RecordChecked, encode

_COLUMNS = ("import_id", "row", "email_key", "status", "plan", "cells", "values", "problems")
_BY_STATUS_AND_PLAN = itemgetter(0, 3, 4)
_PROBLEMS = 7  # where they stand in a row
_LONGEST_CODE = 100  # characters; an index takes no text of any length


class _Coded(msgspec.Struct):
    code: str


_problems = msgspec.json.Decoder(list[_Coded]).decode


def row_of(event: RecordChecked, import_id: str) -> Row:
    """A record as a row. JSON keeps NUL characters, text columns do not take them."""
    key = event.email_key
    return (
        import_id,
        event.row,
        key.replace("\0", "") if "\0" in key else key,
        event.status,
        event.plan,
        encode(event.cells).decode(),
        encode(event.values).decode(),
        encode(event.problems).decode() if event.problems else None,
    )


async def copy(connection: PoolConnectionProxy, rows: list[Row]) -> Tally:
    """Store records of which none is there."""
    await connection.copy_records_to_table("records", records=rows, columns=_COLUMNS)
    problems = _problems_of(rows)
    if problems:
        await connection.copy_records_to_table(
            "record_problems", records=problems, columns=("import_id", "code", "row")
        )
    return Counter(map(_BY_STATUS_AND_PLAN, rows))


async def insert(connection: PoolConnectionProxy, rows: list[Row]) -> Tally:
    """Store those records that are not there."""
    ids, numbers, keys, statuses, plans, cells, values, problems = map(list, zip(*rows, strict=True))
    inserted = queries.insert_records(
        connection, import_ids=ids, rows=numbers, email_keys=keys, statuses=statuses, plans=plans,
        cells=cells, vals=values, problems=problems,
    )  # fmt: skip
    new = {(str(row["import_id"]), row["row"]) async for row in inserted}
    new_rows = [row for row in rows if (row[0], row[1]) in new]
    found_by = _problems_of(new_rows)
    if found_by:
        imports, codes, at = map(list, zip(*found_by, strict=True))
        await queries.insert_record_problems(connection, import_ids=imports, codes=codes, rows=at)
    return Counter(map(_BY_STATUS_AND_PLAN, new_rows))


async def count(connection: PoolConnectionProxy, tally: Tally) -> list[UUID]:
    """Add the records to their imports; returns the imports of which all records are checked."""
    ids, statuses, plans = map(list, zip(*tally, strict=True))
    counted = queries.count_checks(
        connection, import_ids=ids, statuses=statuses, plans=plans, counts=list(tally.values())
    )
    return [row["id"] async for row in counted if row["complete"]]


def _problems_of(rows: list[Row]) -> list[tuple[str, str, int]]:
    with_problems = [row for row in rows if row[_PROBLEMS] is not None]
    return [(row[0], code, row[1]) for row in with_problems for code in {_code(p) for p in _problems(row[_PROBLEMS])}]


def _code(problem: _Coded) -> str:
    return problem.code[:_LONGEST_CODE]


RECORDS: Table[RecordChecked] = Table(
    open_in=frozenset({ImportStatus.PREPROCESSING}),
    asked_upto="checks_upto",
    turn=Turn.CHECK_LAST,
    row_of=row_of,
    copy=copy,
    insert=insert,
    count=count,
)
