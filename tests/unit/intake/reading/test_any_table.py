"""Whatever a table holds, it is read as it was written; a bad row never changes its neighbours."""

import codecs
import csv
import io

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.intake.formula_safe import formula_safe, without_formula_mark
from services.intake.reading.examine_rows import NUL_SHOWN
from services.intake.reading.split_rows import is_blank
from tests.unit.intake.reading.builders import HEADER, opened, rows_of

ENCODINGS = {"utf-8": b"", "utf-8-sig": b"", "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}

characters = st.one_of(st.sampled_from("\"',;\t\r\n =-+@ aé\u2028\ufeff"), st.characters(exclude_categories=["Cs"]))
texts = st.text(characters, max_size=8)
tables = st.lists(st.lists(texts, min_size=3, max_size=3), min_size=1, max_size=6)
lines = st.text(st.sampled_from('"",;x\u00e9 '), max_size=12)


def written(rows: list[list[str]], *, delimiter: str = ",", end: str = "\r\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    """As Python's csv writes it. With another line end than CRLF it leaves the other half of it unquoted in cells."""
    quoting = quoting if end == "\r\n" else csv.QUOTE_ALL
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    return text.getvalue()


def shown(rows: list[list[str]]) -> list[tuple[int, list[str]]]:
    """The rows as the reader numbers and shows them."""
    return [
        (number, [cell.replace("\0", NUL_SHOWN) for cell in cells])
        for number, cells in enumerate(rows, start=2)
        if not is_blank(cells)
    ]


@given(
    tables,
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(list(ENCODINGS)),
    st.integers(1, 50),
)
@settings(max_examples=300, deadline=None)
def test_a_table_is_read_as_it_was_written(rows, delimiter, end, quoting, encoding, chunk_bytes):
    table = [["Email", "First Name", "Last Name"], *rows, ["end@b.co", "", ""]]
    data = ENCODINGS[encoding] + written(table, delimiter=delimiter, end=end, quoting=quoting).encode(encoding)
    assert rows_of(data, chunk_bytes=chunk_bytes) == shown(table[1:])


@given(st.text("abc ,;àâäåæçèéêëîïñôöøùûüß", max_size=20))  # pairs like "Ã©" are UTF-8 by chance
@settings(deadline=None)
def test_western_text_in_windows_1252_is_read_as_it_was_written(name):
    data = written([["Email", "First Name"], ["a@b.co", name], ["b@b.co", "é"]]).encode("cp1252")
    assert rows_of(data)[0] == (2, ["a@b.co", name])


@given(st.lists(lines, max_size=3), st.sampled_from(['z@b.co,"Zed,x', 'z@b.co,"Zed" x,y', '"z']), st.integers(1, 40))
@settings(max_examples=300, deadline=None)
def test_a_bad_row_never_changes_its_neighbours(before, bad, chunk_bytes):
    """Rows without quotes stand behind the bad one, so that no reading of it could take them in."""
    good = ["a@b.co,Ada,x", "c@d.co,Bob,y", "e@f.co,Eve,z"]
    table = HEADER + "\n".join([*before, *good, bad, *good]) + "\n"
    rows = rows_of(table, chunk_bytes=chunk_bytes)
    assert [cells for _, cells in rows[-3:]] == [line.split(",") for line in good]


@given(st.binary(max_size=300), st.integers(1, 50))
@settings(max_examples=300, deadline=None)
def test_any_bytes_under_a_header_are_rows_of_storable_text(data, chunk_bytes):
    content = HEADER.encode() + b"a@b.co,Ada,x\n" + data
    rows = list(opened(content, chunk_bytes=chunk_bytes).rows())
    assert rows[0].cells == ["a@b.co", "Ada", "x"]
    assert [row.row for row in rows] == sorted({row.row for row in rows})
    for row in rows:
        assert "\0" not in "".join(row.cells).encode().decode()


@given(tables, st.integers(1, 50))
@example([["", "\x08", "\x1f\x1f\x19\x08\x08"], ["", "\x1f\x1f\x19\x08\x08", "\x1f\x1f\x19\x08\x08"]], 1)
@settings(deadline=None)
def test_the_size_of_the_chunks_changes_nothing(rows, chunk_bytes):
    data = HEADER.encode() + "".join("".join(cells) + "\n" for cells in rows).encode() + b"end@b.co\n"
    assert rows_of(data, chunk_bytes=chunk_bytes) == rows_of(data)


@given(texts)
def test_the_mark_against_formulas_comes_off_again(cell):
    assert without_formula_mark(formula_safe(cell)) == cell


@given(texts)
def test_a_marked_cell_is_no_formula(cell):
    assert formula_safe(cell)[:1] not in {"=", "+", "-", "@", "\t", "\r"}


@given(st.lists(st.lists(texts, min_size=2, max_size=2), min_size=1, max_size=4), texts, st.integers(1, 3))
@settings(max_examples=200, deadline=None)
def test_a_result_file_is_read_as_the_original_any_number_of_times(rows, header, times):
    table = [["Email", f"={header}"], *rows, ["end@b.co", ""]]
    for _ in range(times):
        added = [["row", "status", "code", "message"], *(["2", "error", "email.invalid", "-"] for _ in table[1:])]
        marked = [[formula_safe(cell) for cell in cells] + extra for cells, extra in zip(table, added, strict=True)]
        reader = opened(written(marked))
        assert reader.detected.is_result_file
        again = [[column.header for column in reader.detected.columns[:2]], *(row.cells[:2] for row in reader.rows())]
        assert again == [[cell.replace("\0", NUL_SHOWN) for cell in cells] for cells in table]
        table = again
