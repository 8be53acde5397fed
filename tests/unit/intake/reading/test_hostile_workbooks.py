"""Workbooks made to do harm: they are read, or refused, and cost at most the process that reads them."""

import pytest

from services.intake.reading.read_workbook import MEMORY_BYTES, memory_bytes
from tests.hostile.__main__ import read_alone
from tests.hostile.workbooks import WORKBOOKS

MORE_KB = 20_000
READ = {
    "macros": 1,
    "external links beside the sheet": 1,
    "16,384 columns in each row": 60,
    "a dimension that lies": 1,
    "row numbers backwards": 2,
    "formulas without a stored value": 1,
    "error cells": 2,
    "a million shared strings of which none is used": 1,
    "numbers that are none": 2,
    "dates beyond the calendar": 2,
    "rubbish before and behind it": 1,
    "a name of a million characters": 1,
}
ELSE = {
    "zip bomb among other bytes": "file.no_rows",
    "hundreds of thousands of empty rows": "file.no_rows",
    "elements a hundred thousand deep": "file.no_rows",
    "16,384 columns": "file.not_supported",
}


@pytest.mark.parametrize("kind", WORKBOOKS)
def test_a_hostile_workbook_is_read_or_refused(kind):
    found = read_alone([WORKBOOKS[kind]()])
    assert found["codes"] == ([] if kind in READ else [ELSE.get(kind, "file.not_readable")])
    assert found["rows"] == READ.get(kind, 0)
    assert found["more_kb"] < MORE_KB
    assert found["workbook_kb"] * 1024 < MEMORY_BYTES


@pytest.mark.parametrize("older_control_groups", [False, True])
def test_in_a_container_a_workbook_gets_half_of_its_memory(tmp_path, older_control_groups):
    limits = tmp_path / "memory.max", tmp_path / "memory.limit_in_bytes"
    assert memory_bytes(limits) == MEMORY_BYTES
    limit = limits[older_control_groups]
    limit.write_text("1000000000\n")
    assert memory_bytes(limits) == 500_000_000
    limit.write_text("9223372036854771712\n" if older_control_groups else "max\n")
    assert memory_bytes(limits) == MEMORY_BYTES
