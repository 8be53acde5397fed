"""The records on an import's page: a page of them as table rows, the filters that make sense, the ways on and back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import aiosql
import asyncpg

from services.intake.import_types import IMPORT_TYPES, ColumnRule
from services.intake.pages.asked import Place
from services.intake.pages.import_view import Phase, phase_of
from services.intake.pages.record_rows import Cell, Pages, cells_of, filters_query, pages_around, places_of
from services.intake.records.list_records import list_records
from services.intake.records.record_filters import Filters, RecordImportStatus
from services.intake.records.record_view import record_view
from shared.events import EmailStatus, Outcome, Plan, PreImportStatus
from shared.problems import KINDS

queries = aiosql.from_path(Path(__file__).parents[1] / "sql" / "pages.sql", "asyncpg")

_RECORDS = 50  # on a page
_AFTER_RUN = ("provision.refused", "provision.data_refused", "internal.no_answer")
_WITHOUT_RECORDS = {Phase.PREPARING, Phase.REJECTED}


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record with its cells; `view` is the record as the API shows it."""

    view: Mapping[str, Any]
    cells: list[Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsPart:
    """All that the records part of the page needs."""

    rows: list[RecordRow]
    columns: tuple[ColumnRule, ...]
    after_run: bool
    filters: Filters
    query: Mapping[str, str]  # the filters, for addresses
    choices: Mapping[str, list[str]]  # filter -> what can be chosen
    pages: Pages
    place: Place

    @property
    def mails_on_their_way(self) -> bool:
        """Will one of these records soon say something else of its mail?"""
        return any(row.view["email"] == EmailStatus.QUEUED for row in self.rows)


async def records_part(
    pool: asyncpg.Pool, of_import: asyncpg.Record, *, filters: Filters, place: Place
) -> RecordsPart | None:
    """The records part; None while there are no records to show, or no more."""
    phase = phase_of(of_import["status"])
    if phase in _WITHOUT_RECORDS or of_import["records_gone_at"]:
        return None
    page = await list_records(pool, of_import, filters=filters, after=place.after, limit=_RECORDS)
    columns = IMPORT_TYPES[of_import["type"]].columns
    places = places_of(json.loads(of_import["detected"]) if of_import["detected"] else None)
    views = [record_view(record, of_import) for record in page.records]
    after_run = phase in (Phase.RUNNING, Phase.RESULTS)
    query = filters_query(filters)
    return RecordsPart(
        rows=[RecordRow(view, cells_of(view, columns, places)) for view in views],
        columns=columns, after_run=after_run, filters=filters, query=query, place=place,
        choices=await _choices(pool, of_import, after_run=after_run),
        pages=pages_around(query, after=place.after, trail=place.trail, next_after=page.next_after),
    )  # fmt: skip


async def _choices(pool: asyncpg.Pool, of_import: asyncpg.Record, *, after_run: bool) -> dict[str, list[str]]:
    codes = [code for code, kind in KINDS.items() if not kind.rejects_file]
    found = {row["code"] async for row in queries.problems_found(pool, import_id=of_import["id"], codes=codes)}
    if of_import["failed"]:
        found.update(_AFTER_RUN)
    after = {"import_status": _all(RecordImportStatus), "outcome": _all(Outcome)} if after_run else {}
    return {
        **after,
        "status": _all(PreImportStatus),
        "plan": _all(Plan),
        "problem": [code for code in codes if code in found],
    }


def _all(kind: type[StrEnum]) -> list[str]:
    return [str(choice) for choice in kind]
