"""What is true of the reading of any bytes, whatever they are. Generated tests and the fuzzer check the same."""

import itertools
from typing import NamedTuple

from services.intake.import_types import EXPERIENCE_LEARNERS
from services.intake.reading.read_rows import Limits, Rejected, Row, open_source
from shared.problems import KINDS

SMALL = Limits(rows=50, blank_rows=50, columns=20, row_characters=200)  # within reach of small files


class Reading(NamedTuple):
    """All that reading some bytes gave."""

    rows: list[Row]
    rejected: list[str]  # codes
    detected: object


def read(data: bytes, *, chunk_bytes: int = 1 << 20, limits: Limits = SMALL) -> Reading:
    """Read to the end, or to where the file is rejected."""
    starts = range(0, len(data), chunk_bytes)
    rows: list[Row] = []
    detected = None
    try:
        reader = open_source(
            lambda: (data[start : start + chunk_bytes] for start in starts), EXPERIENCE_LEARNERS, limits
        )
        detected = reader.detected
        rows.extend(reader.rows())
    except Rejected as rejected:
        return Reading(rows, [problem.code for problem in rejected.problems], detected or rejected.detected)
    return Reading(rows, [], detected)


def check_any_bytes(data: bytes, *, chunk_bytes: int) -> Reading:
    """Reading ends; its rows can be numbered, stored, told and read again."""
    reading = read(data)
    numbers = [row.row for row in reading.rows]
    assert all(before < after for before, after in itertools.pairwise(numbers))
    assert len(numbers) <= SMALL.rows
    assert reading.rows or reading.rejected
    assert not reading.rejected or all(KINDS[code].rejects_file for code in reading.rejected)
    for row in reading.rows:
        assert len(row.cells) <= SMALL.columns
        assert sum(map(len, row.cells)) <= SMALL.row_characters
        assert "\0" not in "".join(row.cells).encode().decode()
        assert any(cell.strip() for cell in row.cells) or row.problems
        assert all(not KINDS[problem.code].rejects_file for problem in row.problems)
    assert read(data, chunk_bytes=chunk_bytes) == reading
    return reading
