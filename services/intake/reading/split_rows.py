"""From text to rows of cells, as CSV says, with recovery where a quote goes wrong. Time is linear in the text and
memory is bounded by one row, whatever the text is. Knows nothing of headers."""

import csv
import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from services.intake.reading.source_rows import RawRow

ROW_CHARACTERS = 65_536

Parse = Callable[..., Iterator[list[str]]]  # as csv.reader


class _TooLong(Exception):
    """The row's first line alone is longer than a row may be."""


class _NeverCloses(Exception):
    """The row's open quote does not close within a row's length."""


def split_lines(text: Iterable[str], limit: int = ROW_CHARACTERS) -> Iterator[str]:
    """Lines with their line ends: LF, CRLF or CR, also mixed. A line of any length is held in bounded memory: of what it
    has beyond `limit` characters at least one comes along, by which a reader can tell, and the rest may be left out."""
    return chain.from_iterable(_line_lists(text, limit))


def _line_lists(text: Iterable[str], limit: int) -> Iterator[list[str]]:
    held = ""  # a line whose end has not come yet, or whose CR may be half of a CRLF
    for block in text:
        lines = list(io.StringIO(held + block, newline=""))
        held = lines.pop() if lines and not lines[-1].endswith("\n") else ""
        if len(held) > limit + 1:
            held = held[: limit + 1] + ("\r" if held.endswith("\r") else "")
        yield lines
    if held:
        yield [held]


class RowSplitter:
    """Splits lines into rows; iterate once over `rows()`."""

    def __init__(
        self, lines: Iterable[str], *, delimiter: str, limit: int = ROW_CHARACTERS, parse: Parse = csv.reader
    ) -> None:
        self._fresh = iter(lines)
        self._delimiter = delimiter
        self._limit = limit
        self._parse = parse
        self._taken: list[str] = []  # the lines of the row being read; its first line is [0]
        self._given_back: deque[str] = deque()  # lines after the first of an attempt that failed

    def rows(self) -> Iterator[RawRow]:
        """Every row, blank ones included, numbered from 1. Flaws: `row.unclosed_quote`, `row.too_long`."""
        row = 0
        while True:
            try:
                for cells in self._reader():
                    self._taken.clear()
                    row += 1
                    yield row, cells, ""
                return
            except (csv.Error, _NeverCloses):
                flaw = "row.unclosed_quote"
            except _TooLong:
                flaw = "row.too_long"
            row += 1
            yield row, self._cut_row(), flaw

    def _reader(self) -> Iterator[list[str]]:
        return self._parse(self._feed(), delimiter=self._delimiter, strict=True)

    def _feed(self) -> Iterator[str]:
        """Lines for the parser, which asks for another within a row only while it is inside quotes.

        Lines given back were all crossed inside quotes by an attempt that then failed. An attempt that begins later
        and crosses into one of them inside quotes is, from there on, in the very same state, so it must fail at the
        same place: it fails at once. Without this, every line of a long unclosed quote would be tried to its end."""
        taken, given_back, limit = self._taken, self._given_back, self._limit
        while given_back:
            if taken:
                raise _NeverCloses
            taken.append(line := given_back.popleft())
            if len(line) > limit:
                self._check_length()
            yield line
        size = sum(map(len, taken))
        for line in self._fresh:
            size = size + len(line) if taken else len(line)
            taken.append(line)
            if size > limit:
                self._check_length()
            yield line

    def _check_length(self) -> None:
        if len(self._taken) > 1:
            raise _NeverCloses
        if len(_without_end(self._taken[0])) > self._limit:
            raise _TooLong

    def _cut_row(self) -> list[str]:
        """The failed row up to the end of its first line, read leniently; its other lines are given back."""
        first, *others = self._taken
        self._taken.clear()
        self._given_back.extendleft(reversed(others))
        return next(csv.reader([_without_end(first)[: self._limit]], delimiter=self._delimiter))


def _without_end(line: str) -> str:
    return line.rstrip("\r\n")


def is_blank(cells: list[str]) -> bool:
    """Are all cells empty or white space?"""
    return not cells or not (cells[0].strip() or "".join(cells).strip())


def sep_line(line: str) -> str:
    """The delimiter that Excel's `sep=;` first line sets; "" when the line is none."""
    text = _without_end(line).strip('"')
    if len(text) == 5 and text[:4].lower() == "sep=" and not text[4].isalnum() and text[4] not in '"\0':
        return text[4]
    return ""
