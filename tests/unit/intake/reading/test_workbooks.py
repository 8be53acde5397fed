"""How an .xlsx file is read: the first sheet, as a person reads it; hostile ones cost only the process that reads them."""

import io
import zipfile
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

import openpyxl
import psutil
import pytest

from services.intake.reading.read_rows import Limits, SourceReader
from services.intake.reading.read_workbook import number_text
from tests.unit.intake.reading.builders import opened, problems_of, rejected_with, rejection, rows_of

SHEET = "xl/worksheets/sheet1.xml"


def workbook(rows: dict[int, list[Any]], *, first_column: int = 1) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for number, cells in rows.items():
        for column, cell in enumerate(cells, start=first_column):
            sheet.cell(row=number, column=column, value=cell)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_sheet(cells: str) -> bytes:
    """A workbook whose sheet holds this XML."""
    return repacked({SHEET: f'<worksheet xmlns="{NAMESPACE}"><sheetData>{cells}</sheetData></worksheet>'.encode()})


def repacked(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook({1: ["Email"]}))) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, parts.pop(name, None) or old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return file.getvalue()


NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEADER_XML = '<row r="1"><c r="A1" t="inlineStr"><is><t>Email</t></is></c></row>'


def one_column(cells: Iterable[Any]) -> list[str]:
    table: dict[int, list[Any]] = {1: ["Email", "First Name"]}
    table |= {row: ["a@b.co", cell] for row, cell in enumerate(cells, start=2)}
    return [cells[1] for _, cells in rows_of(workbook(table))]


def test_the_first_sheet_is_read():
    book = openpyxl.Workbook()
    book.active.title = "Autumn"
    book.active.append(["E-mail", "Vorname"])
    book.active.append(["a@b.co", "Zoë"])
    book.create_sheet("Other").append(["x"])
    file = io.BytesIO()
    book.save(file)
    reader: SourceReader = opened(file.getvalue(), chunk_bytes=1_000)
    assert reader.detected.as_json() == {
        "kind": "xlsx",
        "encoding": "",
        "delimiter": "",
        "sheet": "Autumn",
        "header_row": 1,
        "columns": [
            {"header": "E-mail", "field": "email", "index": 0},
            {"header": "Vorname", "field": "first_name", "index": 1},
        ],
        "ignored": [],
        "is_result_file": False,
    }
    assert [(row.row, row.cells) for row in reader.rows()] == [(2, ["a@b.co", "Zoë"])]
    assert reader.warnings == []


def test_values_are_read_as_a_person_reads_them():
    values = [42, 42.5, 0.1 + 0.2, 491701234567, -3.0, date(2024, 2, 3), datetime(2024, 2, 3, 4, 5, 6), time(7, 30)]
    assert one_column([*values, True, False, "007", " x "]) == [
        *("42", "42.5", "0.3", "491701234567", "-3", "2024-02-03", "2024-02-03 04:05:06", "07:30:00"),
        *("True", "False", "007", " x "),
    ]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1e22, "10000000000000000000000"),
        (9007199254740991.0, "9007199254740991"),
        (1e-7, "0.0000001"),
        (-0.0, "0"),
        (1.10, "1.1"),
        (1234.5678, "1234.5678"),
    ],
)
def test_numbers_are_written_in_full(number, text):
    assert number_text(number) == text


def test_a_formula_counts_as_its_stored_value():
    row = '<row r="2"><c r="A2" t="str"><f>"a"&amp;"@b.co"</f><v>a@b.co</v></c></row>'
    assert rows_of(with_sheet(HEADER_XML + row)) == [(2, ["a@b.co"])]


@pytest.mark.parametrize("kind", ['t="e"', "t='e'", 's="0" t="e"', 't = "e" s="0"'])
def test_an_error_is_read_as_the_sheet_shows_it_and_its_row_is_not_blank(kind):
    header = (
        '<row r="1"><c t="inlineStr"><is><t>Email</t></is></c><c t="inlineStr"><is><t>First Name</t></is></c></row>'
    )
    failed = f'<row r="2"><c r="A2" {kind}><f>X()</f><v>#N/A</v></c><c r="B2" {kind}><v>#REF!</v></c></row>'
    text = '<row r="3"><c t="inlineStr"><is><t>t="e"</t></is></c></row>'
    assert rows_of(with_sheet(header + failed + text)) == [(2, ["#N/A", "#REF!"]), (3, ['t="e"'])]


def test_of_errors_in_a_large_sheet_none_is_lost_where_it_is_cut():
    cells = "".join(f'<row r="{row}"><c r="A{row}" t="e"><v>#N/A</v></c></row>' for row in range(2, 60_002))
    assert {cells[0] for _, cells in rows_of(with_sheet(HEADER_XML + cells))} == {"#N/A"}


def test_rows_are_numbered_as_the_sheet_numbers_them():
    table = {3: ["Email"], 5: ["a@b.co"], 9: ["  "], 12: ["c@d.co"]}
    assert rows_of(workbook(table)) == [(5, ["a@b.co"]), (12, ["c@d.co"])]
    assert opened(workbook(table)).detected.header_row == 3


def test_a_table_may_begin_in_another_column():
    reader = opened(workbook({2: ["First Name", "Email"], 3: ["Ada", "a@b.co"]}, first_column=4))
    (row,) = reader.rows()
    assert row.cells[reader.columns["email"]] == "a@b.co"
    assert row.cells[reader.columns["first_name"]] == "Ada"


def test_a_cell_beyond_the_headers_is_one_too_many():
    assert problems_of(workbook({1: ["Email"], 2: ["a@b.co", None, "x"], 3: ["c@d.co"]})) == {2: ["row.too_many_cells"]}


def test_a_million_empty_rows_are_fine():
    empty = "".join(f'<row r="{number}"><c r="A{number}" s="0"/></row>' for number in range(2, 1_000_001))
    last = '<row r="1000001"><c r="A1000001" t="inlineStr"><is><t>a@b.co</t></is></c></row>'
    assert rows_of(with_sheet(HEADER_XML + empty + last)) == [(1_000_001, ["a@b.co"])]


def test_an_overlong_row_is_cut():
    data = workbook({1: ["Email", "First Name"], 2: ["a@b.co", "x" * 200], 3: ["c@d.co", "Ada"]})
    limits = Limits(row_characters=100)
    assert rows_of(data, limits=limits) == [(2, ["a@b.co", "x" * 94]), (3, ["c@d.co", "Ada"])]
    assert problems_of(data, limits=limits) == {2: ["row.too_long"]}


def test_the_reasons_to_reject_a_table_are_those_of_text():
    assert rejected_with(workbook({})) == ["file.empty"]
    assert rejected_with(workbook({1: ["Email"]})) == ["file.no_rows"]
    assert rejected_with(workbook({1: ["Email"], 2: ["a"], 3: ["b"]}), limits=Limits(rows=1)) == ["file.too_many_rows"]
    rejected = rejection(workbook({1: ["Name", "Phone"], 2: ["Ada", 1]}))
    assert [problem.code for problem in rejected.problems] == ["header.missing_column"]
    assert rejected.first_lines == ["Name, Phone", "Ada, 1"]


@pytest.mark.parametrize(
    "content",
    [
        workbook({1: ["Email"], 2: ["a@b.co"]})[:3_000],
        b"PK\x03\x04 and nothing more",
        repacked({SHEET: b"<worksheet><sheetData><row r='1'><c r="}),
        repacked({"xl/workbook.xml": b"no markup"}),
    ],
)
def test_a_damaged_workbook_cannot_be_read(content):
    assert rejected_with(content) == ["file.not_readable"]


def test_a_cell_at_the_far_corner_of_a_sheet_costs_only_the_process_that_reads_it():
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    assert rejected_with(with_sheet(HEADER_XML + far)) == ["file.not_readable"]


def test_a_workbook_that_is_mostly_air_is_not_unpacked():
    (problem,) = rejection(repacked({"xl/media/air.bin": bytes(60 << 20)})).problems
    assert (problem.code, problem.params) == ("file.not_readable", {"reason": "it is too large when unpacked"})


def test_while_rows_are_taken_no_process_is_held_and_no_file_can_be_left(tmp_path, monkeypatch):
    """Rows may be taken for minutes, at the pace of the services behind."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = psutil.Process().children()
    rows = opened(workbook({1: ["Email"], **{row: ["a@b.co"] for row in range(2, 5_000)}})).rows()
    next(rows)
    assert list(tmp_path.iterdir()) == []
    assert psutil.Process().children() == before


def test_two_walks_over_a_workbook_do_not_disturb_each_other():
    reader = opened(workbook({1: ["Email"], **{row: [f"n{row}@b.co"] for row in range(2, 5_000)}}))
    assert all(one == other for one, other in zip(reader.rows(), reader.rows(), strict=True))
