"""Reads a source file: what it is, what its columns mean, and its rows one by one. Pure, synchronous and in bounded
memory: bytes in, values out. Whether a value is good is the validator's to say."""

from collections.abc import Iterator
from dataclasses import replace

from services.intake.formula_safe import without_formula_mark
from services.intake.import_types import ImportType
from services.intake.reading.csv_rows import CsvRows, first_filled
from services.intake.reading.decode_text import Chunks
from services.intake.reading.examine_rows import RowExaminer, storable
from services.intake.reading.file_kind import FIRST_BYTES, FileKind, kind_of, ole_found
from services.intake.reading.map_columns import added_columns, header_problems, is_result_file, map_columns
from services.intake.reading.source_rows import Column, Detected, Limits, RawRow, Rejected, Row
from services.intake.reading.split_rows import is_blank
from services.intake.reading.workbook_rows import WorkbookRows
from shared.events import Problem
from shared.problems import problem

__all__ = ["Column", "Detected", "Limits", "Rejected", "Row", "SourceReader", "open_source"]

FIRST_LINES = 5  # shown with a rejection
FIRST_LINE_CHARACTERS = 200  # of each


def open_source(chunks: Chunks, import_type: ImportType, limits: Limits | None = None) -> "SourceReader":
    """Look at a source file and its header. `chunks` gives the bytes from the beginning, each time it is called.
    Raises Rejected when the file cannot be read as this type."""
    limits = limits or Limits()
    table = _table(chunks, import_type, limits)
    header = first_filled(table.rows())
    if header is None:
        raise Rejected([problem("file.empty")])
    detected = _detected(table, import_type, header)
    if problems := _unusable(header, limits) or header_problems(import_type, detected.columns):
        raise Rejected(problems, detected=detected, first_lines=_first_lines(table))
    return SourceReader(table, detected, limits)


class SourceReader:
    """A source file that can be read. Each walk over `rows()` reads it from the beginning."""

    def __init__(self, table: CsvRows | WorkbookRows, detected: Detected, limits: Limits) -> None:
        self._table = table
        self._limits = limits
        self.detected = detected
        self.columns: dict[str, int] = {c.field: c.index for c in detected.columns if c.field is not None}
        self.warnings: list[Problem] = [problem("file.encoding_guessed")] if table.encoding.guessed else []

    def rows(self) -> Iterator[Row]:
        """The rows that make records. Raises Rejected when there are none or too many, or when the file cannot be read on."""
        examiner = self._examiner()
        is_ordinary = self._table.encoding.spotless and not self.detected.is_result_file
        width, most, count = len(self.detected.columns), self._limits.rows, 0
        raw_rows = self._table.rows()
        first_filled(raw_rows)  # the header
        for raw in raw_rows:
            number, cells, flaw = raw
            if is_blank(cells) and not flaw:
                continue
            count += 1
            if count > most:
                raise Rejected([problem("file.too_many_rows", limit=f"{most:,}")], detected=self.detected)
            # Nothing can be wrong with most rows, and a million of them are read.
            yield Row(number, cells, []) if is_ordinary and not flaw and len(cells) <= width else examiner.row(raw)
        if not count:
            raise Rejected([problem("file.no_rows")], detected=self.detected, first_lines=_first_lines(self._table))

    def _examiner(self) -> RowExaminer:
        return RowExaminer(
            self.detected.columns,
            self._limits,
            encoding=self._table.encoding.label,
            codes=added_columns([column.header for column in self.detected.columns]).get("code"),
        )


def _table(chunks: Chunks, import_type: ImportType, limits: Limits) -> CsvRows | WorkbookRows:
    """The file as a table by what it is. Raises Rejected when it is none."""
    if not any(
        chunk.strip() for chunk in chunks()
    ):  # said at once, because 100 MB of blank lines take a minute to count
        raise Rejected([problem("file.empty")])
    first = _first_bytes(chunks)
    kind, found = kind_of(first)
    if kind is FileKind.TEXT:
        return CsvRows(chunks, first, import_type=import_type, limits=limits)
    if kind is FileKind.ZIP:
        return WorkbookRows(chunks, limits)
    if kind is FileKind.OLE and not (found := ole_found(chunks())):
        raise Rejected([problem("file.not_readable", reason="it has a password")])
    raise Rejected([problem("file.not_supported", found=found)])


def _first_bytes(chunks: Chunks) -> bytes:
    first = b""
    for chunk in chunks():
        first += chunk[:FIRST_BYTES]
        if len(first) >= FIRST_BYTES:
            break
    return first[:FIRST_BYTES]


def _detected(table: CsvRows | WorkbookRows, import_type: ImportType, header: RawRow) -> Detected:
    number, cells, _ = header
    headers = [storable(cell) for cell in cells]
    is_result = is_result_file(headers)
    if is_result:
        headers = [without_formula_mark(cell) for cell in headers]
    columns = map_columns(import_type, headers)
    return replace(table.detected, header_row=number, columns=columns, is_result_file=is_result)


def _unusable(header: RawRow, limits: Limits) -> list[Problem]:
    """Why nothing can be read under this header row, whatever its columns are called."""
    _, cells, flaw = header
    if len(cells) > limits.columns:
        return [problem("file.not_supported", found=f"a table with more than {limits.columns:,} columns")]
    if flaw == "row.unclosed_quote":
        return [problem("file.not_readable", reason="a quotation mark in its header line is not closed")]
    if flaw:
        return [problem("file.not_readable", reason=f"its header is longer than {limits.row_characters:,} characters")]
    return []


def _first_lines(table: CsvRows | WorkbookRows) -> list[str]:
    return [storable(line)[:FIRST_LINE_CHARACTERS] for line in table.first_lines(FIRST_LINES)]
