"""The rows of an .xlsx file, read by a process of its own (`read_workbook`) whose memory and time are limited."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec

from services.intake.reading.decode_text import UTF8, Chunks
from services.intake.reading.source_rows import Detected, Limits, RawRow, Rejected
from shared.problems import problem

_ROOT = Path(__file__).parents[2]  # where the package `services` is found
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "TMPDIR")  # the reader of a stranger's file needs no secrets


class WorkbookRows:
    """The first sheet of a workbook. Each walk over `rows()` reads it anew."""

    def __init__(self, chunks: Chunks, limits: Limits) -> None:
        self._chunks = chunks
        self._limits = limits
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
        with _on_disk(self._chunks()) as path, _reading(path, self._limits.row_characters) as lines:
            self._sheet = _sheet_name(_record(lines))
            while (row := _record(lines)) is not None:
                yield row[0], row[1], row[2]


def _sheet_name(head: Any) -> str:
    match head:
        case {"sheet": str(name)}:
            return name
        case {"found": str(found)}:
            raise Rejected([problem("file.not_supported", found=found)])
        case {"reason": str(reason)}:
            raise Rejected([problem("file.not_readable", reason=reason)])
    raise Rejected([problem("file.not_readable", reason="it is damaged")])


def _record(lines: IO[bytes]) -> Any:
    """The next JSON line. A reader that ended without its last line ran into its limits."""
    if not (line := lines.readline()).endswith(b"\n"):
        raise Rejected([problem("file.not_readable", reason="it is damaged or takes too much memory")])
    return msgspec.json.decode(line)


@contextmanager
def _on_disk(chunks: Iterable[bytes]) -> Iterator[str]:
    with tempfile.NamedTemporaryFile(prefix="rollcall-", suffix=".xlsx") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        yield file.name


@contextmanager
def _reading(path: str, row_characters: int) -> Iterator[IO[bytes]]:
    command = [sys.executable, "-m", "services.intake.reading.read_workbook", path, str(row_characters)]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    reader = subprocess.Popen(  # noqa: S603 - our own program; of the file only its temporary path is passed
        command, cwd=_ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with reader:
        try:
            assert reader.stdout is not None  # noqa: S101 - we asked for a pipe
            yield reader.stdout
        finally:
            reader.kill()
