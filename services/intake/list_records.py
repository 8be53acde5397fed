"""Records of an import by filters, in the order of rows, a page at a time: fast at a million records, because every way
through them walks an index and stops (sql/list_records.sql)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosql
import asyncpg

from services.intake.people import Database
from services.intake.record_filters import Filters, Walk, choose_walk, results_for
from services.intake.search_records import search_rows

queries = aiosql.from_path(Path(__file__).parent / "sql" / "list_records.sql", "asyncpg")


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, and the row to go on after (None: that was all)."""

    records: list[asyncpg.Record]
    next_after: int | None


async def list_records(
    database: Database, of_import: asyncpg.Record, *, filters: Filters, after: int = 0, limit: int = 50
) -> Page:
    """The next `limit` records after row `after`. `of_import` is the import's row."""
    rows = await _rows(database, of_import, filters=filters, after=after, limit=limit + 1)
    shown = rows[:limit]
    records = [record async for record in queries.records_at(database, import_id=of_import["id"], rows=shown)]
    return Page(records, shown[-1] if len(rows) > limit else None)


async def _rows(
    database: Database, of_import: asyncpg.Record, *, filters: Filters, after: int, limit: int
) -> list[int]:
    results = results_for(filters.import_status, of_import["status"])
    place: dict[str, Any] = {"import_id": of_import["id"], "after": after, "limit": limit}
    asked: dict[str, Any] = {"statuses": filters.statuses, "plans": filters.plans, "results": results}
    match choose_walk(filters, results, dict(of_import)):
        case Walk.NOWHERE:
            return []
        case Walk.ROWS:
            found = queries.rows_in_order(database, **place)
        case Walk.STATUSES:
            found = queries.rows_by_status(database, **place, **asked)
        case Walk.RESULTS:
            found = queries.rows_by_result(database, **place, **asked)
        case Walk.PROBLEMS:
            found = queries.rows_by_problem(database, **place, **asked, problem=filters.problem)
        case Walk.WORDS:
            asked |= {"problem": filters.problem}
            return await search_rows(database, of_import, words=filters.words, asked=asked, after=after, limit=limit)
    return [record["row"] async for record in found]
