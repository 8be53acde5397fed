"""What reading can say about a row's cells: too many of them, bytes that could not be read, NUL. Makes them storable
as text, and takes off the marks of our own result files."""

import re
from collections.abc import Iterable, Sequence

from services.intake.formula_safe import without_formula_mark
from services.intake.reading.source_rows import Column, Limits, RawRow, Row
from shared.events import Problem
from shared.problems import problem

UNREADABLE = "\ufffd"  # shown for bytes that could not be read
NUL_SHOWN = "\u2400"  # shown for NUL, which Postgres cannot store

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """The text without what cannot be stored: lone surrogates (unreadable bytes) and NUL."""
    return _LONE_SURROGATE.sub(UNREADABLE, text).replace("\0", NUL_SHOWN)


class RowExaminer:
    """Turns raw rows into rows, with the problems found while reading."""

    def __init__(self, columns: Sequence[Column], limits: Limits, *, encoding: str, codes: int | None = None) -> None:
        """`codes`: in which column our own result file says what was wrong with a row."""
        self._fields = [column.field or "" for column in columns]
        self._encoding = encoding  # as sentences name it
        self._limits = limits
        self._codes = codes

    def row(self, raw: RawRow) -> Row:
        """The row with its cells as text that can be stored, and its problems."""
        number, cells, flaw = raw
        if self._codes is not None:
            cells = _as_first_read([without_formula_mark(cell) for cell in cells], self._codes)
        problems = [*self._shape_problems(cells, flaw)]
        cells = cells[: self._limits.columns]  # ten thousands of them would be one row's memory in every service
        text = "".join(cells)
        if "\0" in text or not (text.isascii() or _is_encodable(text)):
            problems += self._text_problems(cells)
            cells = [storable(cell) for cell in cells]
        return Row(number, cells, problems)

    def _shape_problems(self, cells: list[str], flaw: str) -> list[Problem]:
        """A row that was cut has one problem; how many cells the cut left says nothing."""
        if flaw:
            return [problem(flaw, limit=f"{self._limits.row_characters:,}")]
        if any(cell.strip() for cell in cells[len(self._fields) :]):
            return [problem("row.too_many_cells", cells=len(cells), columns=len(self._fields))]
        return []

    def _text_problems(self, cells: list[str]) -> list[Problem]:
        unreadable = self._fields_of(cell for cell in enumerate(cells) if _LONE_SURROGATE.search(cell[1]))
        with_nul = self._fields_of(cell for cell in enumerate(cells) if "\0" in cell[1])
        return [
            *(problem("value.not_readable", field, encoding=self._encoding) for field in unreadable),
            *(problem("value.control_characters", field) for field in with_nul),
        ]

    def _fields_of(self, cells: Iterable[tuple[int, str]]) -> dict[str, None]:
        """The fields of these cells, each once; "" stands for the columns that are ignored."""
        return dict.fromkeys(self._fields[index] if index < len(self._fields) else "" for index, _ in cells)


def _as_first_read(cells: list[str], codes: int) -> list[str]:
    """The cells with what our signs stood for, where we said so: whoever corrects a value types over them, and a row that
    nobody corrected is as bad as it was."""
    told = cells[codes] if codes < len(cells) else ""
    if "value.not_readable" in told:
        cells = [cell.replace(UNREADABLE, "\udc80") for cell in cells]
    if "value.control_characters" in told:
        cells = [cell.replace(NUL_SHOWN, "\0") for cell in cells]
    return cells


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
