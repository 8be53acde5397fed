"""How the delimiter is found."""

import pytest

from tests.unit.intake.reading.builders import cells_of, opened, rejection, rows_of


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_comma_semicolon_and_tab_are_found(delimiter):
    table = "Email,First Name,Last Name\na@b.co,Ada,Lovelace\n".replace(",", delimiter)
    assert opened(table).detected.delimiter == delimiter
    assert cells_of(table) == [["a@b.co", "Ada", "Lovelace"]]


def test_commas_in_values_do_not_fool_it():
    table = "Email;Name\n" + "a@b.co;Byron, Ada, Countess, of, Lovelace\n" * 50
    assert opened(table).detected.delimiter == ";"


def test_commas_in_other_headers_do_not_fool_it():
    table = "Email;Hobbies, likes, and, dislikes\na@b.co;x\n"
    assert opened(table).detected.delimiter == ";"


def test_delimiters_inside_quoted_headers_do_not_count():
    table = '"Email";"Group, year, class";"First Name"\na@b.co;x;Ada\n'
    assert opened(table).columns == {"email": 0, "first_name": 2}


def test_a_file_with_one_column_is_fine():
    reader = opened("Email\na@b.co\n")
    assert reader.detected.delimiter == ","
    assert [row.cells for row in reader.rows()] == [["a@b.co"]]


def test_the_delimiter_of_an_unknown_header_is_the_one_with_most_columns():
    assert rejection("Alter;Ort;Land,Region\n1;2;3\n").detected.delimiter == ";"


@pytest.mark.parametrize("line", ["sep=;\n", "SEP=;\r\n", '"sep=;"\n'])
def test_the_line_sep_sets_the_delimiter_and_is_no_row(line):
    reader = opened(f"{line}Email;First Name\na@b.co;Ada\n")
    assert reader.detected.delimiter == ";"
    assert reader.detected.header_row == 1
    assert [(row.row, row.cells) for row in reader.rows()] == [(2, ["a@b.co", "Ada"])]


def test_the_line_sep_may_set_another_delimiter():
    assert rows_of("sep=|\nEmail|First Name\na@b.co|Ada, Countess\n") == [(2, ["a@b.co", "Ada, Countess"])]


def test_the_line_sep_may_set_a_tab():
    assert rows_of("sep=\t\nEmail\tFirst Name\na@b.co\tAda\n") == [(2, ["a@b.co", "Ada"])]


def test_a_header_that_only_begins_like_sep_is_a_header():
    assert [column.header for column in rejection("sep=ab,x\n1,2\n").detected.columns] == ["sep=ab", "x"]
