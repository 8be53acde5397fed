"""Hostile workbooks. Each is small as a file; what it would become is not."""

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from itertools import repeat

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
SHEET, STRINGS, BOOK, LINKS = (
    "xl/worksheets/sheet1.xml",
    "xl/sharedStrings.xml",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
)

Part = bytes | Iterator[bytes]


def text_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


HEADER = f'<row r="1">{text_cell("A1", "Email")}{text_cell("B1", "First Name")}</row>'
ROW = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>n{0}@b.co</t></is></c></row>'
GOOD = ROW.format(2)


def sheet(rows: str, *, before: str = "", after: str = "") -> bytes:
    """The XML of a sheet; `before` stands above its root, `after` behind its rows."""
    return f'{before}<worksheet xmlns="{MAIN}"><sheetData>{HEADER}{rows}</sheetData>{after}</worksheet>'.encode()


def shared_strings(*strings: str, before: str = "") -> bytes:
    items = "".join(f"<si><t>{string}</t></si>" for string in strings)
    return f'{before}<sst xmlns="{MAIN}">{items}</sst>'.encode()


def workbook(parts: Mapping[str, Part] | None = None, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A workbook of one good row, in which these parts are other ones or more."""
    book = f'<workbook xmlns="{MAIN}" xmlns:r="{_RELATIONS}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
    links = (
        f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{_RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    )
    top = f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    all_parts: dict[str, Part] = {
        "_rels/.rels": top.encode(),
        BOOK: book.encode(),
        LINKS: links.encode(),
        SHEET: sheet(GOOD),
        **(parts or {}),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as container:
        for name, part in all_parts.items():
            with container.open(name, "w", force_zip64=True) as out:
                for piece in [part] if isinstance(part, bytes) else part:
                    out.write(piece)
    return file.getvalue()


def _around(pieces: Iterator[bytes]) -> Iterator[bytes]:
    start, end = sheet("\x00").split(b"\x00")
    yield start
    yield from pieces
    yield end


def _many_rows(row: str, count: int) -> Iterator[bytes]:
    return _around(
        "".join(row.format(n) for n in range(start, start + 1_000)).encode() for start in range(2, count, 1_000)
    )


def lying_sizes() -> bytes:
    """A sheet of 300 MB whose directory says that it has 1,000 bytes."""
    data = bytearray(workbook({SHEET: _around(repeat(b" " * 1_000_000, 300)), **_PADDING}))
    directory = data.rindex(b"PK\x01\x02", 0, data.rindex(SHEET.encode()))
    data[directory + 24 : directory + 28] = (1_000).to_bytes(4, "little")
    return bytes(data)


def overlapping() -> bytes:
    """A hundred names for the same packed bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as container:
        container.writestr(BOOK, b"<workbook/>")
        container.writestr("air", bytes(30_000_000))
        air = container.getinfo("air")
        for number in range(100):
            again = zipfile.ZipInfo(f"air{number}")
            again.header_offset, again.compress_size, again.file_size = (
                air.header_offset,
                air.compress_size,
                air.file_size,
            )
            again.CRC, again.compress_type = air.CRC, air.compress_type
            container.filelist.append(again)
    return file.getvalue()


def _entities(depth: int) -> str:
    """A document type whose last entity stands for 10 ** depth words."""
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, depth + 1))
    return f'<!DOCTYPE x [<!ENTITY e0 "lol">{levels}]>'


_OUTSIDE = '<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
_PADDING: dict[str, Part] = {"docProps/noise.bin": b"".join(n.to_bytes(4, "little") for n in range(600_000))}
_ERRORS = "".join(f'<c r="{c}2" t="e"><v>{e}</v></c>' for c, e in zip("BCD", ("#N/A", "#REF!", "#DIV/0!"), strict=True))
_WIDE = "".join(f"<c><v>{n}</v></c>" for n in range(16_384))

WORKBOOKS: dict[str, Callable[[], bytes]] = {
    "zip bomb": lambda: workbook({SHEET: _around(repeat(b" " * 1_000_000, 100))}),
    "zip bomb among other bytes": lambda: workbook({SHEET: _around(repeat(b" " * 1_000_000, 300)), **_PADDING}),
    "zip in a zip in a zip": lambda: workbook({SHEET: workbook({SHEET: workbook()})}),
    "lying sizes": lying_sizes,
    "overlapping entries": overlapping,
    "twenty thousand parts": lambda: workbook({f"p{n}": b"" for n in range(20_000)}),
    "entity bomb in the sheet": lambda: workbook({SHEET: sheet(GOOD.replace("n2@b.co", "&e9;"), before=_entities(9))}),
    "entity bomb in shared strings": lambda: workbook(
        {
            SHEET: sheet('<row r="2"><c r="A2" t="s"><v>0</v></c></row>'),
            STRINGS: shared_strings("&e9;", before=_entities(9)),
        }
    ),
    "external entity": lambda: workbook({SHEET: sheet(GOOD.replace("n2@b.co", "&secret;"), before=_OUTSIDE)}),
    "external link as sheet": lambda: workbook(
        {
            LINKS: f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Type="{_RELATIONS}/worksheet" Target="file:///etc/passwd" TargetMode="External"/></Relationships>'.encode()
        }
    ),
    "path tricks": lambda: workbook(
        {
            "../../../tmp/rollcall-trick": b"x",
            "/etc/passwd": b"x",
            "C:\\x": b"x",
            LINKS: f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Type="{_RELATIONS}/worksheet" Target="../../../../etc/passwd"/></Relationships>'.encode(),
        }
    ),
    "macros": lambda: workbook({"xl/vbaProject.bin": b"Sub Auto_Open()"}),
    "external links beside the sheet": lambda: workbook({"xl/externalLinks/externalLink1.xml": b"<externalLink/>"}),
    "16,384 columns": lambda: workbook(
        {SHEET: sheet("").replace(HEADER.encode(), f'<row r="1">{_WIDE}</row>'.encode())}
    ),
    "16,384 columns in each row": lambda: workbook({SHEET: _around(repeat(f"<row>{_WIDE}</row>".encode(), 60))}),
    "hundreds of thousands of empty rows": lambda: workbook(
        {SHEET: _many_rows('<row r="{0}"><c r="A{0}" s="0"/></row>', 300_000)}
    ),
    "a dimension that lies": lambda: workbook(
        {SHEET: sheet(GOOD).replace(b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>')}
    ),
    "a cell in the far corner": lambda: workbook(
        {SHEET: sheet(GOOD + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')}
    ),
    "a cell beyond all columns": lambda: workbook(
        {SHEET: sheet(GOOD + '<row r="3"><c r="ZZZZZZZ3"><v>1</v></c></row>')}
    ),
    "row number zero": lambda: workbook({SHEET: sheet('<row r="0"><c r="A0"><v>1</v></c></row>' + GOOD)}),
    "row numbers backwards": lambda: workbook({SHEET: sheet(ROW.format(9) + ROW.format(3) + ROW.format(9))}),
    "formulas without a stored value": lambda: workbook(
        {SHEET: sheet('<row r="2"><c r="A2"><f>HYPERLINK("x")</f></c></row>' + ROW.format(3))}
    ),
    "error cells": lambda: workbook(
        {SHEET: sheet(f'<row r="2">{text_cell("A2", "a@b.co")}{_ERRORS}</row>' + ROW.format(3))}
    ),
    "one long text in each row": lambda: workbook(
        {
            SHEET: _many_rows('<row r="{0}"><c r="A{0}" t="s"><v>0</v></c></row>', 20_000),
            STRINGS: shared_strings("x" * 32_000),
        }
    ),
    "a million shared strings of which none is used": lambda: workbook(
        {STRINGS: shared_strings(*("x" * 20 for _ in range(1_000_000)))}
    ),
    "a shared string that is not there": lambda: workbook(
        {SHEET: sheet('<row r="2"><c r="A2" t="s"><v>7</v></c></row>')}
    ),
    "numbers that are none": lambda: workbook(
        {SHEET: sheet('<row r="2"><c r="A2"><v>1e999</v></c><c r="B2"><v>nan</v></c></row>' + ROW.format(3))}
    ),
    "dates beyond the calendar": lambda: workbook(
        {
            SHEET: sheet(
                '<row r="2"><c r="A2" t="d"><v>9999-99-99</v></c><c r="B2" s="1"><v>1e15</v></c></row>' + ROW.format(3)
            ),
            "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'.encode(),
        }
    ),
    "a half of it": lambda: (whole := workbook())[: len(whole) // 2],
    "its directory twice": lambda: (whole := workbook()) + whole[whole.rindex(b"PK\x01\x02") :],
    "rubbish before and behind it": lambda: b"PK\x03\x04 rubbish" + workbook() + bytes(1_000),
    "no sheet": lambda: workbook({BOOK: f'<workbook xmlns="{MAIN}"><sheets/></workbook>'.encode()}),
    "elements a hundred thousand deep": lambda: workbook({SHEET: sheet("<row>" * 100_000)}),
    "a name of a million characters": lambda: workbook({BOOK: workbook_xml("n" * 1_000_000)}),
}


def workbook_xml(name: str) -> bytes:
    return f'<workbook xmlns="{MAIN}" xmlns:r="{_RELATIONS}"><sheets><sheet name="{name}" sheetId="1" r:id="r1"/></sheets></workbook>'.encode()
