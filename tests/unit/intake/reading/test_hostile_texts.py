"""Text files made to do harm: each read by a process of its own, whose memory is measured."""

import pytest

from services.intake.reading.read_rows import Limits
from tests.hostile.__main__ import read_alone
from tests.hostile.texts import TEXTS
from tests.unit.intake.reading.builders import HEADER, cells_of, problems_of, rejected_with, rows_of

BYTES = 24_000_000
ROWS = 50_000  # at most; a million take longer and show nothing else
MORE_KB = 20_000  # than before reading; the text itself would be more than that
WALKS = 9  # over the file: is it empty, what is it, its encoding, its delimiter, its header, its rows

REJECTED = {
    "one line without end": "file.not_readable",
    "a header line without end": "file.not_supported",
    "only quotes": "file.not_readable",
    "only delimiters": "file.not_supported",
    "only blank lines": "file.empty",
    "blank lines above the header": "file.too_many_rows",
    "blank lines under the header": "file.too_many_rows",
    "lines of delimiters under the header": "file.too_many_rows",
    "a quote in each line": "file.too_many_rows",
    "only CR": "file.too_many_rows",
    "a million rows and more": "file.too_many_rows",
    "line ends of all kinds": "file.too_many_rows",
    "NUL in each row": "file.too_many_rows",
    "an unclosed quote in each line": "file.too_many_rows",
    "text after each closing quote": "file.too_many_rows",
    "UTF-16 with lone surrogates": "file.too_many_rows",
    "bytes that are no UTF-8": "file.too_many_rows",
    "only NUL": "file.not_supported",
    "UTF-32": "file.not_supported",
    "noise": "file.too_many_rows",
}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_hostile_text_is_read_or_refused_in_bounded_memory(kind):
    found = read_alone(TEXTS[kind](BYTES), rows=ROWS)
    assert found["codes"] == ([REJECTED[kind]] if kind in REJECTED else [])
    assert found["more_kb"] < MORE_KB
    assert found["bytes_read"] <= WALKS * found["size"]
    if kind not in REJECTED and not kind.startswith("UTF-16"):
        assert found["ends"] == ["first@b.co", "last@b.co"]


def test_nul_in_many_rows_is_the_problem_of_these_rows():
    assert problems_of(HEADER + "a@b.co,Ada,x\n" + "\0" * 9_000 + "\nc@d.co,Eve,z\n") == {
        3: ["value.control_characters"]
    }


def test_of_a_row_with_very_many_cells_the_first_are_kept():
    limits = Limits(columns=10)
    table = HEADER + "a@b.co," + "x," * 50_000 + "\nc@d.co,Eve,z\n"
    assert [len(cells) for cells in cells_of(table, limits=Limits(columns=10, row_characters=200_000))] == [10, 3]
    assert problems_of(HEADER + "a@b.co" + ",x" * 30 + "\n", limits=limits) == {2: ["row.too_many_cells"]}


def test_blank_rows_have_a_limit_of_their_own():
    limits = Limits(rows=3, blank_rows=2)
    assert len(rows_of("\n\nEmail\na@b.co\nc@d.co", limits=limits)) == 2
    assert rejected_with("\n\n\n\n\n\nEmail\na@b.co\n", limits=limits) == ["file.too_many_rows"]
    assert rejected_with("Email\na@b.co\n\n\n\n\nc@d.co", limits=limits) == ["file.too_many_rows"]
