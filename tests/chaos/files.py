"""Source files thrown by dice, and what each of their rows must become. Knows nothing of Rollcall's code."""

import csv
import io
from dataclasses import dataclass
from random import Random

POOL = 400  # people whom many imports name
HEADER = ("Email", "First Name", "Last Name")


@dataclass(frozen=True, slots=True)
class Row:
    """One row as a person would judge it. `key` is its email in lower case, `problem` the code that makes it an error."""

    number: int
    key: str
    status: str = "ready"
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The bytes, the rows that become records, and why the whole file is rejected, if it is."""

    content: bytes
    rows: tuple[Row, ...]
    rejected: str = ""

    @property
    def clean(self) -> bool:
        return all(row.status == "ready" for row in self.rows)


class FileMaker:
    """Makes files of which each names people of its own and some whom others name too."""

    def __init__(self, dice: Random, tag: str) -> None:
        self._dice = dice
        self._tag = tag
        self._people = 0

    def make(self, size: int, *, errors: bool = True) -> SourceFile:
        """A file of so many lines, blank ones among them."""
        cells: list[tuple[str, str, str]] = []
        rows: list[Row] = []
        for number in range(2, size + 2):
            kind = self._dice.choices(list(_MIX), list(_MIX.values()))[0] if errors and rows else "new"
            row = getattr(self, f"_{kind}")(number, rows)
            cells.append(row[0])
            rows += [row[1]] if row[1] else []
        return SourceFile(_csv(HEADER, cells), tuple(rows))

    def without_emails(self) -> SourceFile:
        """A file that has not got the column it needs."""
        return SourceFile(_csv(("First Name", "Last Name"), [("Ada", "Lovelace")]), (), "header.missing_column")

    def _address(self) -> str:
        self._people += 1
        return f"{self._tag}.{self._people:07d}@northfield-college.org"

    def _new(self, number: int, rows: list[Row]) -> tuple[tuple[str, ...], Row | None]:
        address = self._address()
        written = address.upper() if self._dice.random() < 0.1 else address
        return (written, "Ada", f"Number {number}"), Row(number, address)

    def _shared(self, number: int, rows: list[Row]) -> tuple[tuple[str, ...], Row | None]:
        address = f"{self._tag}.pool{self._dice.randrange(POOL):04d}@northfield-college.org"
        if any(row.key == address for row in rows):
            return self._new(number, rows)
        return (address, "Grace", "Shared"), Row(number, address)

    def _twice(self, number: int, rows: list[Row]) -> tuple[tuple[str, ...], Row | None]:
        firsts = [row for row in rows if row.status != "error"]
        if not firsts:
            return self._new(number, rows)
        key = self._dice.choice(firsts).key
        return (key.title(), "Again", "Here"), Row(number, key, "error", "email.duplicate")

    def _missing(self, number: int, rows: list[Row]) -> tuple[tuple[str, ...], Row | None]:
        return ("", "No", "Address"), Row(number, "", "error", "email.missing")

    def _invalid(self, number: int, rows: list[Row]) -> tuple[tuple[str, ...], Row | None]:
        address = self._address().replace("@", " at ")
        return (address, "Bad", "Address"), Row(number, address, "error", "email.invalid")

    def _long(self, number: int, rows: list[Row]) -> tuple[tuple[str, ...], Row | None]:
        address = self._address()
        return (address, "L" + "o" * 300 + "ng", "Name"), Row(number, address, "error", "value.too_long")

    def _suspicious(self, number: int, rows: list[Row]) -> tuple[tuple[str, ...], Row | None]:
        address = self._address().replace("northfield-college.org", "gmial.com")
        return (address, "Typo", "Likely"), Row(number, address, "warning", "email.domain_suspicious")

    def _blank(self, number: int, rows: list[Row]) -> tuple[tuple[str, ...], Row | None]:
        return ("", "", ""), None


_MIX = {
    "new": 78, "shared": 10, "twice": 4, "missing": 1, "invalid": 2, "long": 1, "suspicious": 2, "blank": 2,
}  # in hundredths  # fmt: skip


def _csv(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()
