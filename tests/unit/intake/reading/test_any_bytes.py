"""Whatever bytes somebody uploads: what is true of every reading, and that going on after a crash changes nothing."""

import asyncio
import codecs
import re
from types import SimpleNamespace
from uuid import UUID

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.intake.import_types import EXPERIENCE_LEARNERS
from services.intake.reading.read_rows import open_source
from services.intake.work import read_source
from services.intake.work.read_source import row_batches
from tests.hostile.invariants import check_any_bytes
from tests.hostile.workbooks import workbook
from tests.unit.intake.reading.builders import HEADER, opened, rows_of

MARKS = [
    b"",
    codecs.BOM_UTF8,
    codecs.BOM_UTF16_LE,
    codecs.BOM_UTF16_BE,
    codecs.BOM_UTF32_LE,
    b"sep=;\n",
    b'"sep=,"\r\n',
    b"sep=\n",
]
ODDITIES = [
    *(
        b'"',
        b",",
        b";",
        b"\t",
        b"\n",
        b"\r",
        b"\r\n",
        b"\0",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xd8\x00",
        b"x" * 150,
        b"," * 30,
    ),
    *(
        b"sep=|",
        b"Email",
        b"E-mail",
        b"First Name",
        b"row",
        b"status",
        b"code",
        b"message",
        b"'=",
        b"a@b.co",
        "é\u2028".encode(),
    ),
]
pieces = st.one_of(st.sampled_from(ODDITIES), st.binary(max_size=6))
headers = st.sampled_from([b"", b"Email\n", b"Email,First Name\r\n", b'"Email";row;status;code;message\r'])
any_bytes = st.builds(
    lambda mark, header, body: mark + header + b"".join(body),
    st.sampled_from(MARKS),
    headers,
    st.lists(pieces, max_size=60),
)
WORKBOOK = workbook()


@given(any_bytes, st.integers(1, 40))
@example(b"\n" * 101, 7)
@example(b"Email\n" + b"\n" * 101 + b"a@b.co", 7)
@settings(max_examples=1_000)
def test_any_bytes_end_in_rows_that_can_be_stored_or_in_a_reason(data, chunk_bytes):
    check_any_bytes(data, chunk_bytes=chunk_bytes)


@given(st.integers(0, len(WORKBOOK) - 1), st.binary(min_size=1, max_size=4))
@settings(max_examples=15)  # each starts processes
def test_a_workbook_with_other_bytes_anywhere_ends_in_rows_or_in_a_reason(place, other):
    check_any_bytes(WORKBOOK[:place] + other + WORKBOOK[place + len(other) :], chunk_bytes=1_000)


@given(
    st.lists(st.text("ab ,;é\t", max_size=8), max_size=20), st.sampled_from(["\n", "\r", "\r\n"]), st.integers(1, 40)
)
@settings(max_examples=300)
def test_every_line_that_is_not_blank_is_one_record(lines, end, chunk_bytes):
    text = end.join([HEADER.strip(), *lines, "end@b.co"])
    expected = [number for number, line in enumerate(lines, start=2) if re.sub(r"[ ,\t]", "", line)]
    assert [row for row, _ in rows_of(text, chunk_bytes=chunk_bytes)] == [*expected, len(lines) + 2]


@given(any_bytes, st.integers(1, 7), st.integers(0, 60))
@settings(max_examples=300)
def test_reading_that_goes_on_behind_any_row_gives_the_rows_that_were_missing(data, size, after):
    content = b"Email,First Name\nfirst@b.co,Ada\n" + data
    whole = batches(content, size=1_000)
    assert batches(content, size=size) == whole
    assert batches(content, size=size, after=after) == [event for event in whole if event.row > after]


def batches(content: bytes, *, size: int, after: int = 0):
    async def read():
        reader = open_source(lambda: [content], EXPERIENCE_LEARNERS)
        progress = SimpleNamespace(id=UUID(int=1), experience_id=UUID(int=2), type="experience-learners")
        return [event async for batch in row_batches(reader, progress, after=after, size=size) for event in batch]

    return asyncio.run(read())


async def test_a_batch_of_long_rows_has_few_of_them():
    reader = opened(HEADER + ("a@b.co," + "x" * 60_000 + "\n") * 200)
    progress = SimpleNamespace(id=UUID(int=1), experience_id=UUID(int=2), type="experience-learners")
    sizes = [len(batch) async for batch in row_batches(reader, progress)]
    assert sum(sizes) == 200
    assert max(sizes) <= read_source.BATCH_CHARACTERS // 60_000 + 1
