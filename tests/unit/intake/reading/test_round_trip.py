"""What we wrote is read as it was: records.csv, uploaded again any number of times, and the template."""

import codecs

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.intake.import_types import EXPERIENCE_LEARNERS, template_csv
from services.intake.reading.examine_rows import storable
from services.intake.reading.map_columns import RESULT_HEADERS
from services.intake.reading.read_rows import Rejected, SourceReader
from services.intake.records.records_csv import OriginalColumns, csv_lines
from tests.unit.intake.reading.builders import opened
from tests.unit.intake.reading.test_any_table import written
from tests.unit.intake.reading.test_workbooks import workbook

characters = st.one_of(st.sampled_from("\"',;\t\r\n =-+@|\0\ufeff\u2028"), st.characters())
cells = st.text(characters, max_size=6)
headers = st.one_of(
    cells, st.sampled_from(["row", "status", "x;First Name;Last Name;y", "\tGiven name\t", "sep=;", "=1+1"])
)
tables = st.integers(1, 4).flatmap(
    lambda width: st.tuples(
        st.lists(headers, min_size=width, max_size=width), st.lists(st.lists(cells, max_size=width + 2), max_size=5)
    )
)


def result_file(reader: SourceReader) -> bytes:
    """What intake gives out for this file: the records as read, each explained."""
    columns = OriginalColumns.of(reader.detected.as_json())
    records = (
        {"row": row.row, "status": "error", "import_status": "pending", "problems": [], "cells": row.cells}
        for row in reader.rows()
    )
    lines = [[*columns.headers, *RESULT_HEADERS], *(columns.line(record) for record in records)]
    return codecs.BOM_UTF8 + csv_lines(lines)


def originals(reader: SourceReader) -> tuple[list[str], list[list[str]]]:
    """Headers and cells without our four columns, cells filled up and without an empty end."""
    columns = OriginalColumns.of(reader.detected.as_json())
    lines = []
    for row in reader.rows():
        padded = [*row.cells, *[""] * columns.width]
        line = [*(padded[place] for place in columns.places), *row.cells[columns.width :]]
        while line and not line[-1].strip():
            line.pop()
        lines.append(line)
    return list(columns.headers), lines


@given(tables)
@settings(max_examples=300)
def test_a_result_file_says_what_its_source_said_however_often_it_comes_back(table):
    others, rows = table
    try:
        source = opened(written([["Email", *others], *(["n@b.co", *row] for row in rows)]).encode("utf-8", "replace"))
        said = originals(source)
    except Rejected:  # two headers for one field, or no row
        assume(False)
    first = opened(result_file(source))
    again = opened(result_file(first))
    assert first.detected.is_result_file
    assert originals(first) == originals(again) == said
    assert result_file(again) == result_file(first)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=5))
def test_a_filled_in_template_is_read_as_it_was_filled_in(names):
    lines = [["a@b.co", *pair] for pair in names]
    data = template_csv(EXPERIENCE_LEARNERS) + written(lines)
    assert [row.cells for row in opened(data.encode("utf-8", "replace")).rows()] == [
        [storable(c.encode("utf-8", "replace").decode()) for c in line] for line in lines
    ]


def test_a_header_that_looks_like_other_columns_does_not_change_the_delimiter_of_a_result_file():
    source = opened(workbook({1: ["Email", "x;First Name;Last Name;y"], 2: ["a@b.co", "z"]}))
    first = opened(result_file(source))
    assert first.detected.delimiter == ","
    assert originals(first) == originals(source)
