"""Hostile text files, written in pieces: none of them is ever whole in memory."""

import random
from collections.abc import Callable, Iterator
from itertools import repeat

HEADER = b"Email,First Name,Last Name\n"
FIRST, LAST = b"first@b.co,Ada,x\n", b"last@b.co,Eve,z\n"

Pieces = Iterator[bytes]
_PIECE_BYTES = 1_000_000


def filled(pattern: bytes, size: int) -> Pieces:
    """The pattern over and over, about `size` bytes of it."""
    piece = pattern * max(1, _PIECE_BYTES // len(pattern))
    yield from repeat(piece, max(1, size // len(piece)))


def between(pattern: bytes) -> Callable[[int], Pieces]:
    """The pattern over and over between two good rows."""

    def pieces(size: int) -> Pieces:
        yield HEADER + FIRST
        yield from filled(pattern, size)
        yield b"\n" + LAST

    return pieces


def alone(pattern: bytes, *, before: bytes = b"", after: bytes = b"") -> Callable[[int], Pieces]:
    """The pattern over and over, and nothing else but this."""

    def pieces(size: int) -> Pieces:
        yield before
        yield from filled(pattern, size)
        yield after

    return pieces


def noise(size: int) -> Pieces:
    """Bytes of any value between two good rows."""
    draw = random.Random(7)
    yield HEADER + FIRST
    for _ in range(size // _PIECE_BYTES):
        yield draw.randbytes(_PIECE_BYTES)
    yield b"\n" + LAST


ROW = 65_000  # characters; nearly the longest row that is read whole

TEXTS: dict[str, Callable[[int], Pieces]] = {
    "one line without end": alone(b"x"),
    "a header line without end": alone(b"column,", before=b"Email,", after=b"\na@b.co\n"),
    "one cell without end": between(b"x"),
    "one cell of characters outside the BMP": between("😀".encode()),
    "one quoted cell without end": alone(b"x", before=HEADER + FIRST + b'"', after=b"\n" + LAST),
    "rows of empty cells": between(b"," * ROW + b"\n"),
    "rows of tiny cells": between(b"ab," * (ROW // 3) + b"\n"),
    "long rows": between(b"a@b.co," + b"x" * ROW + b"\n"),
    "long rows with one wide character": between("a@b.co,😀".encode() + b"x" * (ROW - 10) + b"\n"),
    "only quotes": alone(b'"'),
    "only quotes under a header": between(b'"'),
    "a quote in each line": between(b'"\n'),
    "an unclosed quote in each line": between(b'z@b.co,"Zed,x\n'),
    "text after each closing quote": between(b'z@b.co,"Zed"x,y\n'),
    "only delimiters": alone(b","),
    "only blank lines": alone(b"\n"),
    "blank lines above the header": alone(b"\n", after=HEADER + LAST),
    "blank lines under the header": between(b"\n"),
    "lines of delimiters under the header": between(b",,\n"),
    "a million rows and more": between(b"a\n"),
    "only NUL": alone(b"\0"),
    "NUL under a header": between(b"\0"),
    "NUL in each row": between(b"a\0@b.co,\0,\0\n"),
    "line ends of all kinds": between(b"a,b\r\nc,d\re,f\n\r"),
    "only CR": between(b"\r"),
    "UTF-16 with lone surrogates": alone(b"\x00\xd8,\x00a\x00\n\x00", before="\ufeffEmail\n".encode("utf-16-le")),
    "UTF-16 of odd length": alone(b"a\x00", before="\ufeffEmail\na@b.co\n".encode("utf-16-le"), after=b"x"),
    "UTF-32": alone("a".encode("utf-32-le"), before="\ufeff".encode("utf-32-le")),
    "byte order marks everywhere": between("\ufeff".encode()),
    "bytes that are no UTF-8": between(b"\xff\xfe\x80\n"),
    "noise": noise,
}
