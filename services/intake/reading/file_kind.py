"""What a file is by its first bytes, whatever its name says: text that may be a table, a zip container, or something
that is no table, in words that a person understands."""

import re
from collections.abc import Iterable
from enum import StrEnum

FIRST_BYTES = 8_192  # how much of the beginning is looked at


class FileKind(StrEnum):
    """What is to be done with a file."""

    TEXT = "text"
    ZIP = "zip"  # .xlsx, or something else in a zip container
    OLE = "ole"  # old Office files and encrypted new ones
    OTHER = "other"  # no table; `found` says what


_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"{\\rtf", "a rich text document"),
    (b"SQLite format 3\x00", "a SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"\x7fELF", "a program"),
    (b"\x09\x00\x04\x00", "an old Excel workbook (.xls)"),
    (b"\x09\x02\x06\x00", "an old Excel workbook (.xls)"),
    (b"\x09\x04\x06\x00", "an old Excel workbook (.xls)"),
    (b"\x09\x08\x08\x00", "an old Excel workbook (.xls)"),
    (b"\x09\x08\x10\x00", "an old Excel workbook (.xls)"),
    (b"\xff\xfe\x00\x00", "text in UTF-32"),
    (b"\x00\x00\xfe\xff", "text in UTF-32"),
)
_MARKUP: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"<(!doctype\s+html|html|head|body|table|meta|div|script|style)\b", re.I), "a web page (HTML)"),
    (re.compile(rb"<\?xml\b.*?<html\b", re.I | re.S), "a web page (HTML)"),
    (re.compile(rb"<(\?xml|!doctype|!--|svg\b|workbook\b)", re.I), "an XML file"),
    (re.compile(rb'(\{\s*"[^"]*"\s*:|\[\s*\{\s*")'), "a JSON file"),
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1a\x1b")


def kind_of(first: bytes) -> tuple[FileKind, str]:
    """The kind of a file that begins with these bytes, and for OTHER what was found."""
    if first.startswith(_ZIP):
        return FileKind.ZIP, ""
    if first.startswith(_OLE):
        return FileKind.OLE, ""
    if found := _not_a_table(first):
        return FileKind.OTHER, found
    return FileKind.TEXT, ""


def _not_a_table(first: bytes) -> str:
    for magic, found in _OTHERS:
        if first.startswith(magic):
            return found
    if first[:4] == b"RIFF" and first[8:12] == b"WEBP":
        return "a WebP image"
    if first[:3] == b"\x00\x00\x00" and first[4:8] == b"ftyp":
        return "an image or a video"
    if first.startswith(_UTF16):
        return _markup(first[2:].replace(b"\x00", b""))  # low bytes are enough to tell markup from a table
    text = first.removeprefix(b"\xef\xbb\xbf")
    if _is_unmarked_utf16(text):
        return "UTF-16 text without a byte order mark"
    return _markup(text) or ("a binary file" if _is_binary(text) else "")


def _markup(text: bytes) -> str:
    return next((found for pattern, found in _MARKUP if pattern.match(text.lstrip())), "")


def _is_unmarked_utf16(first: bytes) -> bool:
    """Every other byte of Western text in UTF-16 is NUL, and those between are not."""
    are_nul = [half.count(0) * 2 > len(half) for half in (first[0::2], first[1::2])]
    return len(first) >= 4 and any(are_nul) and not all(are_nul)


def _is_binary(first: bytes) -> bool:
    """Many control characters are no text. But behind a clean header they are the problems of their rows."""
    header = re.split(rb"[\r\n]", first.lstrip(), maxsplit=1)[0]
    if header.isascii() and not _controls_in(header):
        return False
    return _controls_in(first) >= 16 and _controls_in(first) > len(first) // 20


def _controls_in(text: bytes) -> int:
    return len(text) - len(text.translate(None, _CONTROL))


def ole_found(chunks: Iterable[bytes]) -> str:
    """What an OLE container is, by the names in its directory; "" when it is an encrypted workbook."""
    found = "an old Office document"
    end = b""
    for chunk in chunks:
        window = end + chunk
        if _utf16("EncryptedPackage") in window:
            return ""
        if _utf16("Workbook") in window or _utf16("Book") in window:
            found = "an old Excel workbook (.xls)"
        end = window[-_NAME_BYTES:]
    return found


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-le")


_NAME_BYTES = 64  # of a name in an OLE directory, so that none is missed between two chunks
