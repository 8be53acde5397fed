"""Records as a file that a person can correct and upload again: the original columns, then row, status, code, message.
Safe to open in a spreadsheet; a page of records is in memory at a time."""

import codecs
import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.intake.formula_safe import formula_safe
from services.intake.reading.map_columns import RESULT_HEADERS, added_columns
from services.intake.records.list_records import list_records
from services.intake.records.record_filters import Filters
from services.intake.records.record_view import record_view
from services.intake.users.people import Database

_PAGE_RECORDS = 1_000


@dataclass(frozen=True, slots=True)
class OriginalColumns:
    """The columns of the source file. In a file that was such a download itself, ours are not among them."""

    headers: tuple[str, ...]
    places: tuple[int, ...]  # of the headers, in a record's cells
    width: int  # how many cells a record should have

    @classmethod
    def of(cls, detected: Mapping[str, Any] | None) -> "OriginalColumns":
        """From what was detected about the file; nothing was, when it could not be read."""
        columns = (detected or {}).get("columns", [])
        ours = added_columns([column["header"] for column in columns]).values()
        kept = [(place, column["header"]) for place, column in enumerate(columns) if place not in ours]
        return cls(tuple(header for _, header in kept), tuple(place for place, _ in kept), len(columns))

    def line(self, record: Mapping[str, Any]) -> list[str]:
        """A record (as the API shows it) as a line. Cells beyond the headers stay beyond them, behind our columns."""
        cells: list[str] = record["cells"]
        known = [cells[place] if place < len(cells) else "" for place in self.places]
        return [*known, *_explained(record), *_without_empty_end(cells[self.width :])]


async def records_csv(database: Database, of_import: asyncpg.Record, *, filters: Filters) -> AsyncIterator[bytes]:
    """The matching records as CSV, UTF-8 with BOM (Excel reads it as UTF-8 only so)."""
    columns = OriginalColumns.of(json.loads(of_import["detected"]) if of_import["detected"] else None)
    yield codecs.BOM_UTF8 + csv_lines([[*columns.headers, *RESULT_HEADERS]])
    after: int | None = 0
    while after is not None:
        page = await list_records(database, of_import, filters=filters, after=after, limit=_PAGE_RECORDS)
        views = (record_view(record, of_import) for record in page.records)
        if lines := csv_lines(columns.line(view) for view in views):
            yield lines
        after = page.next_after


def csv_lines(lines: Iterable[Sequence[str]]) -> bytes:
    """Lines of a CSV file in which no cell is taken for a formula."""
    text = io.StringIO()
    csv.writer(text).writerows([formula_safe(cell) for cell in line] for line in lines)
    return text.getvalue().encode("utf-8", "replace")


def _explained(record: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """row; status after Run, or before it the pre-import status; codes; what to do."""
    status = record["status"] if record["import_status"] == "pending" else record["import_status"]
    problems = record["problems"]
    codes, messages = ("; ".join(problem[name] for problem in problems) for name in ("code", "message"))
    return str(record["row"]), status, codes, messages


def _without_empty_end(cells: list[str]) -> list[str]:
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]
