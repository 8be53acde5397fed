"""What reading a source file yields: what was detected, its rows, or why it cannot be read. Plain values."""

from dataclasses import dataclass, field
from typing import Any, Literal

from shared.events import Problem


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is read. Over `rows`, `blank_rows` or `columns` the file is rejected, over `row_characters` the
    row is cut."""

    rows: int = 1_000_000  # records; blank rows are not among them
    blank_rows: int = 2_000_000  # all that a spreadsheet has, twice
    columns: int = 1_000  # of a row the cells beyond them are left out
    row_characters: int = 65_536  # without the line end


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: its header as read and the field it was taken for; None when it is ignored."""

    header: str
    field: str | None
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """What a file was taken for; shown to the person."""

    kind: Literal["csv", "xlsx"]
    encoding: str = ""  # utf-8, utf-8-bom, utf-16-le, utf-16-be or windows-1252; "" for a workbook
    delimiter: str = ""  # one character; "" for a workbook
    sheet: str = ""  # name of a workbook's first sheet
    header_row: int = 1
    columns: tuple[Column, ...] = ()
    is_result_file: bool = False  # our own records.csv: its marks against formulas are taken off

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON values, with the headers of the ignored columns listed."""
        return {
            "kind": self.kind,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "sheet": self.sheet,
            "header_row": self.header_row,
            "columns": [{"header": c.header, "field": c.field, "index": c.index} for c in self.columns],
            "ignored": [c.header for c in self.columns if c.field is None],
            "is_result_file": self.is_result_file,
        }


@dataclass(slots=True)
class Row:
    """A row that makes a record. `row` is as the person's spreadsheet numbers it; cells may be fewer than columns."""

    row: int
    cells: list[str]
    problems: list[Problem] = field(default_factory=list)


# A row as the file's format gives it, blank ones included: its number, its cells, and a problem code or "". A plain
# tuple, because a million of them are made.
RawRow = tuple[int, list[str], str]


class Rejected(Exception):
    """The file cannot be read as this type; `problems` say why."""

    def __init__(
        self, problems: list[Problem], *, detected: Detected | None = None, first_lines: list[str] | None = None
    ) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems
        self.detected = detected
        self.first_lines = first_lines or []  # the file's first lines as read, for the person to look at
