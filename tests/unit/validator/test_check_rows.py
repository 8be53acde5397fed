"""Rows judged by themselves, and the records that come of them."""

import dataclasses

import pytest

from services.validator.check_rows import check_row, judge_row, status_of
from services.validator.facts import BadEventError
from services.validator.plan import People
from shared.events import Level, Plan, PreImportStatus, Problem
from shared.problems import problem
from tests.unit.validator.builders import row_read

NOBODY = People()


def test_an_ordinary_row_becomes_a_ready_record_with_everything_the_row_said() -> None:
    row = row_read("Ada@Example.org", " Ada", "Lovelace", row=7)
    record = check_row(judge_row(0, row), 7, NOBODY)
    assert (record.import_id, record.experience_id, record.row) == (row.import_id, row.experience_id, 7)
    assert (record.email_key, record.cells) == ("ada@example.org", ["Ada@Example.org", " Ada", "Lovelace"])
    assert record.values == {"email": "ada@example.org", "first_name": "Ada", "last_name": "Lovelace"}
    assert (record.status, record.plan, record.problems) == (PreImportStatus.READY, Plan.CREATE, [])


def test_a_column_that_is_not_in_the_file_or_the_row_is_empty() -> None:
    row = dataclasses.replace(row_read(), cells=["ada@example.org"], columns={"email": 0, "first_name": 1})
    assert judge_row(0, row).values == {"email": "ada@example.org", "first_name": "", "last_name": ""}


def test_problems_of_reading_come_first_and_all_others_follow() -> None:
    found = problem("row.too_many_cells", cells=5, columns=3)
    judged = judge_row(0, row_read("ada@", "Ada\tM", "x" * 300, problems=(found,)))
    assert [(told.code, told.field) for told in judged.problems] == [
        ("row.too_many_cells", ""), ("email.invalid", "email"), ("value.trimmed", "first_name"), ("value.too_long", "last_name"),
    ]  # fmt: skip
    assert judged.event.problems == [found]  # the event stays as it came


def test_the_same_trouble_met_while_reading_is_told_once() -> None:
    found = problem("value.control_characters", "last_name")
    assert judge_row(0, row_read(last_name="Love\0lace", problems=(found,))).problems == [found]


def test_a_row_that_could_not_be_read_well_is_still_interpreted_and_counts_as_error() -> None:
    row = row_read(" Ada@Example.org", problems=(problem("row.unclosed_quote"),))
    record = check_row(judge_row(0, row), 2, NOBODY)
    assert record.values["email"] == "ada@example.org"
    assert (record.status, record.plan) == (PreImportStatus.ERROR, Plan.NONE)
    assert [told.code for told in record.problems] == ["row.unclosed_quote", "value.trimmed"]


def test_a_later_row_with_the_same_email_is_a_duplicate_that_names_the_first() -> None:
    judged = judge_row(0, row_read(row=9))
    record = check_row(judged, 4, NOBODY)
    assert record.problems == [problem("email.duplicate", "email", row=4)]
    assert "row 4" in record.problems[0].message
    assert (record.status, record.plan) == (PreImportStatus.ERROR, Plan.NONE)
    assert judged.problems == []


@pytest.mark.parametrize("email", ["", "ada", "a\0@example.org"])
def test_an_email_that_nobody_can_be_written_to_has_no_identity(email: str) -> None:
    assert judge_row(0, row_read(email)).key == b""


def test_spellings_of_one_email_have_one_identity() -> None:
    spellings = (
        "ada@bücher.example.org",
        " ADA@Bücher.Example.org",
        "ada@xn--bcher-kva.example.org",
        "ada\u200b@bücher.example.org",
    )
    assert len({judge_row(0, row_read(email)).key for email in spellings}) == 1


def test_an_error_in_a_name_leaves_the_email_its_identity() -> None:
    assert judge_row(0, row_read(first_name="x" * 300)).key == judge_row(0, row_read()).key


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"type": "experience-coaches"}, "row.unknown_type"),
        ({"import_id": "42"}, "event.bad_id"),
        ({"import_id": "0B9F4F0E-3A57-4A3E-8F0B-6F0F0C3B7A11"}, "event.bad_id"),
        ({"experience_id": ""}, "event.bad_id"),
        ({"row": 1}, "row.bad_number"),
        ({"row": -3}, "row.bad_number"),
        ({"row": 2**31}, "row.bad_number"),
        ({"email_key": "eve@example.org"}, "row.wrong_email_key"),
        ({"email_key": ""}, "row.wrong_email_key"),
    ],
)
def test_what_is_no_row_of_ours_is_refused_with_a_reason(changed: dict[str, object], reason: str) -> None:
    with pytest.raises(BadEventError) as refused:
        judge_row(0, dataclasses.replace(row_read(), **changed))
    assert refused.value.args == (reason,)


def test_columns_that_point_nowhere_are_empty() -> None:
    row = dataclasses.replace(row_read(), columns={"email": -1, "first_name": 99, "last_name": 2}, email_key="")
    assert judge_row(0, row).values == {"email": "", "first_name": "", "last_name": "Lovelace"}


ERROR = Problem(code="email.invalid", level=Level.ERROR, message="")
WARNING = Problem(code="value.trimmed", level=Level.WARNING, message="")


@pytest.mark.parametrize(
    ("problems", "status"),
    [
        ([], PreImportStatus.READY),
        ([WARNING], PreImportStatus.WARNING),
        ([ERROR], PreImportStatus.ERROR),
        ([WARNING, ERROR, WARNING], PreImportStatus.ERROR),
    ],
)
def test_the_worst_problem_makes_the_status(problems: list[Problem], status: PreImportStatus) -> None:
    assert status_of(problems) is status
