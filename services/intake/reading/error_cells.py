"""Cells of a workbook that show an error, such as #N/A, as the text that a person reads there. calamine gives them as empty,
so that a row of nothing else would be blank. Needs nothing of the service."""

import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

_PIECE_BYTES = 1 << 20
_SHEET = re.compile(r"xl/worksheets/[^/]*\.xml", re.IGNORECASE)
_ERROR_TYPE = re.compile(rb"""(<(?:\w+:)?c\s(?:[^<>]*?\s)?t\s*=\s*)(?:"e"|'e')""")
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def with_errors_as_text(path: str) -> str | IO[bytes]:
    """The workbook: where it is, when it has no such cell or cannot be read; else a copy that is gone when it is closed.
    Raises OSError: a disk that is full must not change how a file is read."""
    try:
        with zipfile.ZipFile(path) as workbook:
            if not any(_shows_errors(workbook, part) for part in workbook.infolist()):
                return path
            return _copied(workbook)
    except _UNREADABLE:
        return path  # whoever reads it says why not


def _shows_errors(workbook: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    if not _SHEET.fullmatch(part.filename):
        return False
    with workbook.open(part) as source:
        return any(_ERROR_TYPE.search(piece) for piece in _pieces(source) if b'"e"' in piece or b"'e'" in piece)


def _copied(workbook: zipfile.ZipFile) -> IO[bytes]:
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller reads it
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for part in workbook.infolist():
            is_sheet = _SHEET.fullmatch(part.filename)
            with workbook.open(part) as source, new.open(part.filename, "w", force_zip64=True) as target:
                for piece in _pieces(source):
                    target.write(_ERROR_TYPE.sub(rb'\1"str"', piece) if is_sheet else piece)
    copy.seek(0)
    return copy


def _pieces(source: IO[bytes]) -> Iterator[bytes]:
    """The part, cut where tags end, so that none is in two pieces."""
    rest = b""
    while read := source.read(_PIECE_BYTES):
        whole, end, rest = (rest + read).rpartition(b">")
        yield whole + end
        if len(rest) > _PIECE_BYTES:  # no tag of a sheet is so long
            yield rest
            rest = b""
    yield rest
