"""Records of an import by filters, in the order of rows, a page at a time: fast at a million records, because every way
through them walks an index and stops (sql/list_records.sql)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosql
import asyncpg

from services.intake.records.record_filters import FEW_RECORDS, Filters, Walk, choose_walk, results_of
from services.intake.records.search_records import search_rows
from services.intake.records.words import finds, words_of
from services.intake.users.people import Database

queries = aiosql.from_path(Path(__file__).parents[1] / "sql" / "list_records.sql", "asyncpg")


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, and the row to go on after (None: that was all)."""

    records: list[asyncpg.Record]
    next_after: int | None


async def list_records(
    database: Database, of_import: asyncpg.Record, *, filters: Filters, after: int = 0, limit: int = 50
) -> Page:
    """The next `limit` records after row `after`; none, once they are kept no more. `of_import` is the import's row."""
    if of_import["records_gone_at"]:
        return Page([], None)
    rows = await _rows(database, of_import, filters=filters, after=after, limit=limit + 1)
    shown = rows[:limit]
    records = [record async for record in queries.records_at(database, import_id=of_import["id"], rows=shown)]
    return Page(records, shown[-1] if len(rows) > limit else None)


async def _rows(
    database: Database, of_import: asyncpg.Record, *, filters: Filters, after: int, limit: int
) -> list[int]:
    results = results_of(filters, of_import["status"])
    walk = choose_walk(filters, results, dict(of_import))
    if walk is Walk.NOWHERE:
        return []
    words = filters.words
    asked = {"import_id": of_import["id"], "statuses": filters.statuses, "plans": filters.plans, "results": results}
    if walk is Walk.WORDS:
        asked["problem"] = filters.problem
        return await search_rows(database, of_import, words=words, asked=asked, after=after, limit=limit)
    if walk is Walk.PROBLEMS:
        asked["problem"] = filters.problem
    if words:
        return await _rows_with_words(database, walk, asked, words=words, after=after, limit=limit)
    return await _walk(database, walk, {**asked, "after": after, "limit": limit})


async def _walk(database: Database, walk: Walk, place: dict[str, Any]) -> list[int]:
    match walk:
        case Walk.STATUSES:
            found = queries.rows_by_status(database, **place)
        case Walk.RESULTS:
            found = queries.rows_by_result(database, **place)
        case Walk.PROBLEMS:
            found = queries.rows_by_problem(database, **place)
        case _:
            all_rows = {name: place[name] for name in ("import_id", "after", "limit")}
            found = queries.rows_in_order(database, **all_rows)
    return [record["row"] async for record in found]


async def _rows_with_words(
    database: Database, walk: Walk, asked: dict[str, Any], *, words: list[str], after: int, limit: int
) -> list[int]:
    """Walk, and look for the words in what is met."""
    matching: list[int] = []
    while True:
        met = await _walk(database, walk, {**asked, "after": after, "limit": FEW_RECORDS})
        async for record in queries.values_at(database, import_id=asked["import_id"], rows=met):
            if finds(words, words_of(json.loads(record["values"]))):
                matching.append(record["row"])
        if len(met) < FEW_RECORDS or len(matching) >= limit:
            return matching[:limit]
        after = met[-1]
