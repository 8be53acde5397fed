"""Files that are no tables are refused in words that a person understands."""

import codecs
import gzip
import io
import zipfile

import pytest

from tests.unit.intake.reading.builders import HEADER, cells_of, rejection

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as container:
        for name in names:
            container.writestr(name, "x")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"%PDF-1.7\n...", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n...", "a PNG image"),
        (b"\xff\xd8\xff\xe0...", "a JPEG image"),
        (b"\x00\x00\x00\x18ftypheic", "an image or a video"),
        (gzip.compress(b"Email\na@b.co\n", mtime=0), "a gzip archive"),
        (b"<!DOCTYPE html><html>", "a web page (HTML)"),
        (b"\xef\xbb\xbf \r\n<TABLE><tr>", "a web page (HTML)"),
        (b"<?xml version='1.0'?><!-- x --><html>", "a web page (HTML)"),
        (b"<?xml version='1.0'?><Workbook>", "an XML file"),
        (codecs.BOM_UTF16_LE + "<html>".encode("utf-16-le"), "a web page (HTML)"),
        (b'[{"email": "a@b.co"}]', "a JSON file"),
        (b'{\n  "email": "a@b.co"}', "a JSON file"),
        (b"{\\rtf1\\ansi", "a rich text document"),
        (bytes(range(256)) * 8, "a binary file"),
        ("Email\na@b.co\n".encode("utf-16-le"), "UTF-16 text without a byte order mark"),
        ("Email\na@b.co\n".encode("utf-16-be"), "UTF-16 text without a byte order mark"),
        ("Email\na@b.co\n".encode("utf-32"), "text in UTF-32"),
        (OLE + "Workbook".encode("utf-16-le"), "an old Excel workbook (.xls)"),
        (OLE + "WordDocument".encode("utf-16-le"), "an old Office document"),
        (b"\x09\x08\x10\x00\x00\x06\x05\x00", "an old Excel workbook (.xls)"),
        (zipped("learners.csv"), "a zip archive"),
        (zipped("xl/workbook.bin"), "a binary Excel workbook (.xlsb)"),
        (zipped("word/document.xml"), "a Word document"),
        (zipped("mimetype", "content.xml"), "an OpenDocument file"),
    ],
)
@pytest.mark.parametrize("chunk_bytes", [5, 65_536])
def test_what_is_no_table_is_refused_by_name(content, found, chunk_bytes):
    rejected = rejection(content, chunk_bytes=chunk_bytes)
    (problem,) = rejected.problems
    assert (problem.code, problem.params) == ("file.not_supported", {"found": found})
    assert rejected.detected is None


@pytest.mark.parametrize("before", [0, 8_000, 65_530])
def test_an_encrypted_workbook_cannot_be_read(before):
    (problem,) = rejection(OLE + bytes(before) + "EncryptedPackage".encode("utf-16-le")).problems
    assert (problem.code, problem.params) == ("file.not_readable", {"reason": "it has a password"})


def test_a_stray_nul_does_not_make_a_table_a_binary_file():
    assert len(cells_of(HEADER + "a@b.co,\0,x\nc@d.co,\0,y\n")) == 2


def test_cyrillic_text_in_utf16_is_no_binary_file():
    table = HEADER + "a@b.co,Юлия,Смирнова\n" * 100
    assert len(cells_of(codecs.BOM_UTF16_LE + table.encode("utf-16-le"))) == 100
