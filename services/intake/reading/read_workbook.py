"""Reads the first sheet of an .xlsx file and writes it as JSON lines: first what was found, then `[row, cells, flaw]`.
A program of its own, because a hostile workbook can only be survived by losing the process that reads it:
`python -m services.intake.reading.read_workbook FILE ROW_CHARACTERS`. Needs nothing of the service."""

import errno
import os
import resource
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO

import msgspec
import python_calamine

from services.intake.reading.error_cells import with_errors_as_text

Cell = str | float | bool | date | datetime | time | timedelta

MEMORY_BYTES = 2 << 30  # address space; a sheet of a million rows and ten columns fits
CPU_SECONDS = 60
CONTAINER_LIMITS = (  # bytes, or "max"; the second on machines with the older control groups
    Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)  # fmt: skip
TEXT_BYTES = 512 << 20  # of what is written: few bytes may repeat one long text in every row
INFLATED_BYTES = 2 << 30  # of all parts together, as the container declares them
INFLATED_RATIO = 400  # inflated size by packed size; sheets of equal rows come to about 100
SMALL_BYTES = 50 << 20  # below this inflated size no ratio is suspicious
PARTS = 10_000

_EXACT_INTEGERS = 2**53  # floats hold every whole number below this

_CONTAINERS: tuple[tuple[str, str], ...] = (  # the name of a part that only this kind of file has
    ("xl/workbook.bin", "a binary Excel workbook (.xlsb)"),
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a PowerPoint presentation"),
    ("Index/Document.iwa", "an Apple Numbers or Pages document"),
    ("content.xml", "an OpenDocument file"),
)


def main(path: str, row_characters: int) -> None:
    """Write the sheet to standard output. Ends early, without the last line, when the workbook takes too much."""
    _limit_resources()
    out = sys.stdout.buffer
    if refusal := examine(path):
        out.write(msgspec.json.encode(refusal) + b"\nnull\n")
        return
    readable = with_errors_as_text(path)
    try:
        sheet = _first_sheet(readable)
    except (python_calamine.CalamineError, OSError, IndexError) as error:
        reason = "it has a password" if "assword" in str(error) else "it is damaged"
        out.write(msgspec.json.encode({"reason": reason}) + b"\nnull\n")
        return
    out.write(msgspec.json.encode({"sheet": sheet.name}) + b"\n")
    for row in sheet_rows(sheet, row_characters):
        out.write(msgspec.json.encode(row) + b"\n")
    out.write(b"null\n")  # the end: without it the reader was cut short


def _limit_resources() -> None:
    memory = memory_bytes(CONTAINER_LIMITS)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (TEXT_BYTES, TEXT_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def memory_bytes(container_limits: Iterable[Path]) -> int:
    """How much may be taken: at most half of what the container has, because a container that runs out of memory may be
    killed with all that is in it, and would meet the same workbook after every start."""
    halves = [MEMORY_BYTES]
    for limit in container_limits:
        with suppress(OSError, ValueError):
            halves.append(int(limit.read_text()) // 2)
    return min(halves)


def examine(path: str) -> dict[str, str]:
    """Why the container is not opened: `{"found": ...}` for no workbook, `{"reason": ...}` for a bad one; {} if good."""
    try:
        with zipfile.ZipFile(path) as container:
            parts = container.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        return {"reason": "it is damaged"}
    names = {part.filename.replace("\\", "/") for part in parts}
    if "xl/workbook.xml" not in names:
        return {"found": next((found for name, found in _CONTAINERS if name in names), "a zip archive")}
    inflated = sum(part.file_size for part in parts)
    packed = max(1, Path(path).stat().st_size)
    is_bomb = inflated > SMALL_BYTES and inflated > INFLATED_RATIO * packed
    if len(parts) > PARTS or inflated > INFLATED_BYTES or is_bomb:
        return {"reason": "it is too large when unpacked"}
    return {}


def _first_sheet(source: str | IO[bytes]) -> python_calamine.CalamineSheet:
    workbook = python_calamine.load_workbook(source)
    worksheets = [
        index
        for index, sheet in enumerate(workbook.sheets_metadata)
        if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
    ]
    return workbook.get_sheet_by_index(worksheets[0])


def sheet_rows(sheet: python_calamine.CalamineSheet, row_characters: int) -> Iterator[tuple[int, list[str], str]]:
    """The sheet's rows that have any content, with the numbers the sheet shows."""
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        texts = [cell_text(cell) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        if texts:
            yield _bounded(number, texts, row_characters)


def _bounded(number: int, cells: list[str], limit: int) -> tuple[int, list[str], str]:
    left = limit
    for index, cell in enumerate(cells):
        if len(cell) > left:
            return number, [*cells[:index], cell[:left]], "row.too_long"
        left -= len(cell)
    return number, cells, ""


def cell_text(cell: Cell) -> str:
    """A cell as a person reads it. Formulas come with their stored values."""
    match cell:
        case str():
            return cell
        case bool():
            return str(cell)
        case int() | float():
            return number_text(cell)
        case datetime():
            return cell.date().isoformat() if cell.time() == time.min else cell.isoformat(sep=" ", timespec="seconds")
        case time():
            return cell.isoformat(timespec="seconds")
        case _:
            return str(cell)


def number_text(number: float) -> str:
    """A number in full, with the 15 digits that spreadsheets show: 42, 0.3, 491701234567; never 4.2e1 or 0.30000000000000004."""
    if isinstance(number, int) or (number.is_integer() and abs(number) < _EXACT_INTEGERS):
        return str(int(number))
    return format(Decimal(f"{number:.15g}"), "f")


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]))
        sys.stdout.flush()
    except OSError as error:  # a full disk is not the workbook's fault
        sys.exit(os.EX_IOERR if error.errno == errno.ENOSPC else 1)
