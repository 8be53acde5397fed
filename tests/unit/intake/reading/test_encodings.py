"""Which encoding a file is read in, and what becomes of bytes that are not valid in it."""

import codecs

import pytest

from services.intake.reading.read_rows import Rejected
from tests.unit.intake.reading.builders import HEADER, cells_of, opened, problems_of, rejection

TABLE = HEADER + "a@b.co,Zoë,Ångström\nc@d.co,Юлия,李\n"
WESTERN = HEADER + "a@b.co,Zoë,Ångström\n"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (TABLE.encode(), "utf-8"),
        (codecs.BOM_UTF8 + TABLE.encode(), "utf-8-bom"),
        (codecs.BOM_UTF16_LE + TABLE.encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + TABLE.encode("utf-16-be"), "utf-16-be"),
    ],
)
@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 7, 65_536])
def test_unicode_is_read_as_it_is_marked_wherever_the_chunks_end(data, name, chunk_bytes):
    reader = opened(data, chunk_bytes=chunk_bytes)
    assert reader.detected.encoding == name
    assert reader.warnings == []
    assert reader.columns == {"email": 0, "first_name": 1, "last_name": 2}
    assert [row.cells for row in reader.rows()] == [["a@b.co", "Zoë", "Ångström"], ["c@d.co", "Юлия", "李"]]


def test_other_text_is_read_as_windows_1252_with_a_visible_warning():
    reader = opened(WESTERN.encode("cp1252"))
    assert reader.detected.encoding == "windows-1252"
    assert [warning.code for warning in reader.warnings] == ["file.encoding_guessed"]
    assert [row.cells for row in reader.rows()] == [["a@b.co", "Zoë", "Ångström"]]


def test_the_whole_file_decides_not_its_beginning():
    plain = "".join(f"l{i}@b.co,Ada,Lovelace\n" for i in range(20_000))
    reader = opened((HEADER + plain + "z@b.co,Zoë,\n").encode("cp1252"))
    assert reader.detected.encoding == "windows-1252"
    assert list(reader.rows())[-1].cells[1] == "Zoë"


def test_a_utf8_file_with_a_few_damaged_names_stays_utf8_and_those_rows_say_so():
    data = TABLE.encode() + b"e@f.co,Jos\xe9,x\n" + b"g@h.co,Ren\xc3\xa9e,y\n"
    reader = opened(data)
    assert reader.detected.encoding == "utf-8"
    assert reader.warnings == []
    assert problems_of(data) == {4: ["value.not_readable"]}
    assert cells_of(data)[2:] == [["e@f.co", "Jos\ufffd", "x"], ["g@h.co", "Renée", "y"]]


def test_an_unreadable_value_names_its_field_and_the_encoding():
    (row,) = opened(codecs.BOM_UTF8 + HEADER.encode() + b"a@b.co,Jos\xe9,\n").rows()
    (problem,) = row.problems
    assert (problem.field, problem.params) == ("first_name", {"encoding": "UTF-8"})


def test_unreadable_bytes_in_an_ignored_column_are_a_problem_of_the_row():
    (row,) = opened(codecs.BOM_UTF8 + b"Email,Note\na@b.co,\xff\n").rows()
    assert [(problem.code, problem.field) for problem in row.problems] == [("value.not_readable", "")]


def test_utf8_cut_in_the_middle_of_its_last_character_is_unreadable_there():
    data = codecs.BOM_UTF8 + HEADER.encode() + b"a@b.co,Zo\xc3"
    assert cells_of(data) == [["a@b.co", "Zo\ufffd"]]
    assert problems_of(data) == {2: ["value.not_readable"]}


def test_bytes_that_windows_1252_does_not_know_are_unreadable():
    data = HEADER.encode() + b"a@b.co,Zo\xeb,\x81\nc@d.co,Ren\xe9,\x80\n"
    assert cells_of(data) == [["a@b.co", "Zoë", "\ufffd"], ["c@d.co", "René", "€"]]
    assert problems_of(data) == {2: ["value.not_readable"]}


@pytest.mark.parametrize(("codec", "mark"), [("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE)])
@pytest.mark.parametrize("chunk_bytes", [1, 3, 65_536])
def test_a_broken_unit_of_utf16_is_unreadable_and_leaves_its_neighbours_alone(codec, mark, chunk_bytes):
    broken = f"{HEADER}a@b.co,\ud800x,\nc@d.co,😀,\n".encode(codec, "surrogatepass")
    assert cells_of(mark + broken, chunk_bytes=chunk_bytes) == [["a@b.co", "\ufffdx", ""], ["c@d.co", "😀", ""]]
    assert problems_of(mark + broken, chunk_bytes=chunk_bytes) == {2: ["value.not_readable"]}


@pytest.mark.parametrize("tail", [b"\x41", b"\x3d\xd8", b"\x3d\xd8\x41"])
def test_utf16_that_ends_in_half_a_character_is_unreadable_there(tail):
    data = codecs.BOM_UTF16_LE + f"{HEADER}a@b.co,Zoë".encode("utf-16-le") + tail
    assert problems_of(data) == {2: ["value.not_readable"]}


def test_a_replacement_character_that_the_file_really_holds_is_no_problem():
    assert problems_of(HEADER + "a@b.co,Zo\ufffd,x\n") == {}


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_nul_is_a_problem_of_its_row_and_is_shown_as_a_symbol(codec):
    data = f"{HEADER}a@b.co,Zo\0ë,x\nc@d.co,é,y\n".encode(codec)
    assert cells_of(data) == [["a@b.co", "Zo\u2400ë", "x"], ["c@d.co", "é", "y"]]
    assert problems_of(data) == {2: ["value.control_characters"]}


def test_other_control_characters_and_line_breaks_are_left_to_the_validator():
    data = HEADER + 'a@b.co,"A\tB\nC",\x07\n'
    assert cells_of(data) == [["a@b.co", "A\tB\nC", "\x07"]]
    assert problems_of(data) == {}


def test_no_lone_surrogate_ever_leaves_the_reader():
    data = codecs.BOM_UTF8 + b"Email,\xff\n\xff,\xed\xa0\x80\n"
    reader = opened(data)
    for text in [*(column.header for column in reader.detected.columns), *next(reader.rows()).cells]:
        text.encode()


def test_a_rejection_shows_lines_that_can_be_stored():
    rejected = rejection(codecs.BOM_UTF8 + b"Na\xffme\0\nx\n")
    assert isinstance(rejected, Rejected)
    assert rejected.first_lines == ["Na\ufffdme\u2400", "x"]


def test_text_in_any_single_byte_encoding_is_read_without_an_error():
    data = HEADER.encode() + b"".join(b"a@b.co,%c,x\n" % code for code in range(128, 256))
    assert len(cells_of(data)) == 128
