"""The file of records: original columns, ours, and nothing that a spreadsheet runs."""

from typing import Any

from services.intake.records.records_csv import OriginalColumns, csv_lines

DETECTED = {"columns": [{"header": "E-mail", "field": "email"}, {"header": "=Notes", "field": None}]}
AGAIN = {
    "columns": [{"header": name} for name in ("E-mail", "row", "status", "code", "message")], "is_result_file": True,
}  # fmt: skip


def _record(*cells: str, **more: Any) -> dict[str, Any]:
    problems = [{"code": "email.invalid", "message": "Correct it."}, {"code": "value.trimmed", "message": "Check it."}]
    return {"row": 7, "status": "error", "import_status": "pending", "cells": list(cells), "problems": problems, **more}


def test_a_line_is_the_cells_and_why() -> None:
    line = OriginalColumns.of(DETECTED).line(_record("a@", "x"))
    assert line == ["a@", "x", "7", "error", "email.invalid; value.trimmed", "Correct it.; Check it."]


def test_missing_cells_are_empty_and_extra_ones_stay_at_the_end() -> None:
    columns = OriginalColumns.of(DETECTED)
    assert columns.line(_record("a@"))[:3] == ["a@", "", "7"]
    assert columns.line(_record("a@", "x", "too", "many", "", " "))[6:] == ["too", "many"]


def test_a_download_of_a_download_has_our_columns_once() -> None:
    columns = OriginalColumns.of(AGAIN)
    assert columns.headers == ("E-mail",)
    assert columns.line(_record("a@", "3", "error", "old", "old words"))[:3] == ["a@", "7", "error"]


def test_a_file_that_was_not_read_has_no_original_columns() -> None:
    assert OriginalColumns.of(None).headers == ()


def test_after_run_the_status_is_what_became_of_the_record() -> None:
    line = OriginalColumns.of(DETECTED).line(_record("a@", "x", status="ready", import_status="error"))
    assert line[3] == "error"


def test_formulas_are_marked_in_cells_and_headers_alike() -> None:
    assert csv_lines([["=1+1", "'-x", "+49", "@a", "\tx", "\rx", "plain", "'quoted"]]) == (
        b"'=1+1,''-x,'+49,'@a,'\tx,\"'\rx\",plain,'quoted\r\n"
    )
