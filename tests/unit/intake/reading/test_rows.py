"""Which rows a text file has and how they are numbered; bad rows and their neighbours."""

import csv
from collections.abc import Iterable, Iterator

import pytest

from services.intake.reading.read_rows import Limits
from services.intake.reading.split_rows import RowSplitter, split_lines
from tests.unit.intake.reading.builders import HEADER, cells_of, opened, problems_of, rejected_with, rejection, rows_of


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("chunk_bytes", [1, 5, 65_536])
def test_all_line_ends_are_read(end, chunk_bytes):
    table = f"{HEADER}a@b.co,Ada,Lovelace\nc@d.co,Bob,\n".replace("\n", end)
    assert rows_of(table, chunk_bytes=chunk_bytes) == [(2, ["a@b.co", "Ada", "Lovelace"]), (3, ["c@d.co", "Bob", ""])]


def test_line_ends_may_be_mixed():
    assert rows_of("Email\r\na@b.co\rc@d.co\n\ne@f.co") == [(2, ["a@b.co"]), (3, ["c@d.co"]), (5, ["e@f.co"])]


def test_the_last_line_needs_no_end():
    assert rows_of(HEADER + "a@b.co,Ada,x") == [(2, ["a@b.co", "Ada", "x"])]


def test_only_line_ends_of_csv_end_a_row():
    assert cells_of("Email\na\u2028b\x0bc\x0cd\x1ce\u0085f\n") == [["a\u2028b\x0bc\x0cd\x1ce\u0085f"]]


def test_a_quoted_line_break_does_not_start_a_new_row():
    table = HEADER + 'a@b.co,"Ada\nMaria",x\nc@d.co,"Bo\r\nb",y\n'
    assert rows_of(table) == [(2, ["a@b.co", "Ada\nMaria", "x"]), (3, ["c@d.co", "Bo\r\nb", "y"])]


def test_doubled_quotes_are_one_quote():
    assert cells_of(HEADER + 'a@b.co,"Ada ""the first""",""\n') == [["a@b.co", 'Ada "the first"', ""]]


def test_a_quote_inside_an_unquoted_cell_is_a_character():
    assert cells_of(HEADER + 'a@b.co,Jim "Jimmy" Jones,5"\n') == [["a@b.co", 'Jim "Jimmy" Jones', '5"']]


def test_blank_rows_count_but_make_no_record():
    assert rows_of(HEADER + '\na@b.co,Ada,x\n , \t,"\n"\n,,\nc@d.co,Bob,y\n') == [
        (3, ["a@b.co", "Ada", "x"]),
        (6, ["c@d.co", "Bob", "y"]),
    ]


def test_a_row_with_too_few_cells_is_read_as_it_is():
    assert cells_of(HEADER + "a@b.co\nc@d.co,Bob\n") == [["a@b.co"], ["c@d.co", "Bob"]]
    assert problems_of(HEADER + "a@b.co\nc@d.co,Bob\n") == {}


def test_a_row_with_too_many_cells_has_a_problem_and_keeps_them():
    (row,) = opened(HEADER + "a@b.co,Ada,Love,lace\n").rows()
    assert row.cells == ["a@b.co", "Ada", "Love", "lace"]
    assert [(problem.code, problem.params) for problem in row.problems] == [
        ("row.too_many_cells", {"cells": "4", "columns": "3"})
    ]


def test_extra_cells_that_are_all_empty_are_no_problem():
    assert problems_of(HEADER + "a@b.co,Ada,x,, ,\n") == {}


def test_a_cell_is_never_changed_silently():
    assert cells_of(HEADER + ' a@b.co ,  ,"\u00a0x"\n') == [[" a@b.co ", "  ", "\u00a0x"]]


def test_a_quote_that_never_closes_costs_its_own_row_and_no_other():
    table = HEADER + 'a@b.co,"Ada,x\nc@d.co,Bob,y\ne@f.co,Eve,z\n'
    assert rows_of(table) == [(2, ["a@b.co", "Ada,x"]), (3, ["c@d.co", "Bob", "y"]), (4, ["e@f.co", "Eve", "z"])]
    assert problems_of(table) == {2: ["row.unclosed_quote"]}


def test_a_quote_alone_in_its_line_is_a_bad_row_and_not_a_blank_one():
    assert problems_of(HEADER + '"\na@b.co,Ada,x\n') == {2: ["row.unclosed_quote"]}


def test_text_after_a_closing_quote_costs_its_own_row_and_no_other():
    table = HEADER + 'a@b.co,"Ada" Maria,x\nc@d.co,Bob,y\n'
    assert problems_of(table) == {2: ["row.unclosed_quote"]}
    assert rows_of(table)[1] == (3, ["c@d.co", "Bob", "y"])


def test_an_unclosed_quote_does_not_swallow_a_row_with_good_quotes():
    table = HEADER + 'a@b.co,"Ada,x\nc@d.co,"Bob\nBobby",y\n"e@f.co","Eve","z"\n'
    assert rows_of(table)[1:] == [(3, ["c@d.co", "Bob\nBobby", "y"]), (4, ["e@f.co", "Eve", "z"])]
    assert problems_of(table) == {2: ["row.unclosed_quote"]}


def test_two_unclosed_quotes_that_seem_to_close_each_other_are_two_bad_rows():
    table = HEADER + 'a@b.co,"Ada,x\nc@d.co,"Bob,y\ne@f.co,Eve,z\n'
    assert problems_of(table) == {2: ["row.unclosed_quote"], 3: ["row.unclosed_quote"]}
    assert rows_of(table)[2] == (4, ["e@f.co", "Eve", "z"])


def test_an_unclosed_quote_in_the_last_line_is_found_at_the_end():
    assert problems_of(HEADER + 'a@b.co,Ada,x\nc@d.co,"Bob') == {3: ["row.unclosed_quote"]}


def test_a_quote_that_closes_only_beyond_the_length_of_a_row_never_closes():
    filling = "".join(f"l{i}@b.co,Ada,Lovelace\n" for i in range(10_000))
    table = HEADER + 'a@b.co,"Ada\n' + filling + '",y\n'
    rows = rows_of(table)
    assert len(rows) == 10_002
    assert rows[1] == (3, ["l0@b.co", "Ada", "Lovelace"])
    assert list(problems_of(table)) == [2, 10_003]


def test_a_row_that_is_too_long_is_cut_and_its_neighbours_are_read():
    table = HEADER + "a@b.co,Ada,x\n" + "y" * 1_000_000 + ",z\nc@d.co,Bob,y\n"
    rows = rows_of(table)
    assert rows[0] == (2, ["a@b.co", "Ada", "x"])
    assert rows[1] == (3, ["y" * 65_536])
    assert rows[2] == (4, ["c@d.co", "Bob", "y"])
    assert problems_of(table) == {3: ["row.too_long"]}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
def test_a_row_of_the_greatest_length_is_whole_whatever_its_line_end(end):
    limits = Limits(row_characters=100)
    for length, codes in ((100, {}), (101, {2: ["row.too_long"]})):
        for chunk_bytes in (1, 50, 111, 65_536):
            table = f"Email{end or chr(10)}" + "x" * length + end
            assert problems_of(table, limits=limits, chunk_bytes=chunk_bytes) == codes
            assert len(cells_of(table, limits=limits, chunk_bytes=chunk_bytes)[0][0]) == 100


def test_a_line_without_end_is_held_in_bounded_memory():
    longest = 0

    def blocks() -> Iterator[str]:
        for _ in range(2_000):
            yield "x" * 1_000

    for line in split_lines(blocks(), limit=5_000):
        longest = max(longest, len(line))
    assert longest == 5_001


def test_an_overlong_line_ends_where_its_line_ends_even_between_chunks():
    table = "Email\n" + "x" * 300 + "\r\na@b.co\r" + "y" * 300 + "\rc@d.co"
    for chunk_bytes in range(1, 120):
        rows = rows_of(table, limits=Limits(row_characters=100), chunk_bytes=chunk_bytes)
        assert [(row, cells[0][:6]) for row, cells in rows] == [
            (2, "xxxxxx"),
            (3, "a@b.co"),
            (4, "yyyyyy"),
            (5, "c@d.co"),
        ]


class CountingParse:
    """csv.reader that counts the lines it is fed."""

    def __init__(self) -> None:
        self.lines = 0

    def __call__(self, lines: Iterable[str], **options) -> Iterator[list[str]]:
        return csv.reader(self._counted(lines), **options)

    def _counted(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self.lines += 1
            yield line


@pytest.mark.parametrize("line", ['x","\n', 'x,"\n', '"\n', '"x\n', 'a,"b"c\n', 'x"",""",\n', '","\n'])
def test_time_is_linear_however_the_quotes_stand(line):
    parse = CountingParse()
    splitter = RowSplitter([line] * 200_000, delimiter=",", parse=parse)
    assert 1_000 < sum(1 for _ in splitter.rows()) <= 200_000
    assert parse.lines < 500_000


def test_the_number_of_rows_has_a_limit():
    table = HEADER + "a@b.co\n\n" * 3
    assert len(rows_of(table, limits=Limits(rows=3))) == 3
    (problem,) = rejection(table + "c@d.co\n", limits=Limits(rows=3)).problems
    assert (problem.code, problem.params) == ("file.too_many_rows", {"limit": "3"})
    assert "1,000,000" in f"{Limits().rows:,}"


@pytest.mark.parametrize("content", [b"", b"\n\n", b" \t\r\n;;\n", b"\xef\xbb\xbf", b"\xff\xfe", b",,,\n,,\n"])
def test_a_file_with_nothing_in_it_is_empty(content):
    assert rejected_with(content) == ["file.empty"]


@pytest.mark.parametrize("content", [HEADER, HEADER + "\n,,\n", "sep=;\nEmail;x\n"])
def test_a_file_with_only_a_header_has_no_rows(content):
    assert rejected_with(content) == ["file.no_rows"]


def test_rows_can_be_walked_over_again():
    reader = opened(HEADER + "a@b.co,Ada,x\n")
    assert list(reader.rows()) == list(reader.rows())
