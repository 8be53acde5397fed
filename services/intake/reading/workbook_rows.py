"""The rows of an .xlsx file. A process of its own (`read_workbook`), whose memory and time are limited, writes them into
a file that has no name; from there they are read as often as needed."""

import errno
import os
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import BoundedSemaphore
from typing import IO, Any

import msgspec

from services.intake.reading.decode_text import UTF8, Chunks
from services.intake.reading.source_rows import Detected, Limits, RawRow, Rejected
from shared.problems import problem

WORKBOOKS_AT_ONCE = 1  # in this process: each may take `read_workbook.MEMORY_BYTES`
END = b"null\n"  # the last line of a reader that was not cut short

_ROOT = Path(__file__).parents[3]  # where the package `services` is found
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "TMPDIR")  # the reader of a stranger's file needs no secrets
_LINES_BYTES = 1 << 20  # read at a time
_turn = BoundedSemaphore(WORKBOOKS_AT_ONCE)


class WorkbookRows:
    """The first sheet of a workbook, read once, when its first row is asked for."""

    def __init__(self, chunks: Chunks, limits: Limits) -> None:
        self._chunks = chunks
        self._limits = limits
        self._spool: IO[bytes] | None = None
        self._sheet = ""  # its name, once the first row is read
        self.encoding = UTF8  # of all text in a workbook

    @property
    def detected(self) -> Detected:
        """What is known of the file without its columns."""
        return Detected(kind="xlsx", sheet=self._sheet)

    def first_lines(self, count: int) -> list[str]:
        """The first rows that have content, as text."""
        return [", ".join(cells) for _, cells, _ in islice(self.rows(), count)]

    def rows(self) -> Iterator[RawRow]:
        """The rows that have content. Raises Rejected when this is no workbook, or one that cannot be read."""
        lines = _lines(self._written())
        self._sheet = _sheet_name(next(lines, None))
        yield from lines

    def _written(self) -> IO[bytes]:
        """The lines that the reader wrote."""
        if self._spool is None:
            spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed when nobody can read it any more
            weakref.finalize(self, spool.close)
            with _turn, _on_disk(self._chunks()) as path:
                _write(path, spool, self._limits.row_characters)
            self._spool = spool
        return self._spool


def _sheet_name(head: Any) -> str:
    match head:
        case {"sheet": str(name)}:
            return name
        case {"found": str(found)}:
            raise Rejected([problem("file.not_supported", found=found)])
        case {"reason": str(reason)}:
            raise Rejected([problem("file.not_readable", reason=reason)])
    raise Rejected([problem("file.not_readable", reason="it is damaged")])


def _lines(spool: IO[bytes]) -> Iterator[Any]:
    """What stands in the lines before the last. Walks may be under way at once: each keeps its own place."""
    place = 0
    while True:
        spool.seek(place)
        lines = spool.readlines(_LINES_BYTES)
        place = spool.tell()
        for line in lines:
            if line == END:
                return
            yield msgspec.json.decode(line)


@contextmanager
def _on_disk(chunks: Iterable[bytes]) -> Iterator[str]:
    with tempfile.NamedTemporaryFile(prefix="rollcall-", suffix=".xlsx") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        yield file.name


def _write(path: str, spool: IO[bytes], row_characters: int) -> None:
    command = [sys.executable, "-m", "services.intake.reading.read_workbook", path, str(row_characters)]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    ended = subprocess.run(  # noqa: S603 - our own program; of the file only its temporary path is passed
        command,
        cwd=_ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=spool,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if ended.returncode == os.EX_IOERR:
        raise OSError(errno.ENOSPC, "no space for the rows of a workbook")
    spool.seek(-min(len(END), spool.tell()), os.SEEK_END)
    if spool.read() != END:
        raise Rejected([problem("file.not_readable", reason="it is damaged or takes too much memory")])
