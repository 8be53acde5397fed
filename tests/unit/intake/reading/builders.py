"""Source files for tests, and what was read from them."""

from collections.abc import Iterable

from services.intake.import_types import EXPERIENCE_LEARNERS
from services.intake.reading.read_rows import Limits, Rejected, SourceReader, open_source

HEADER = "Email,First Name,Last Name\n"


def opened(content: str | bytes, *, chunk_bytes: int = 65_536, limits: Limits | None = None) -> SourceReader:
    """A reader of this content, which comes in chunks of this size. Text is UTF-8."""
    data = content.encode() if isinstance(content, str) else content
    return open_source(lambda: chunked(data, chunk_bytes), EXPERIENCE_LEARNERS, limits)


def chunked(data: bytes, size: int) -> Iterable[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def rows_of(content: str | bytes, **options) -> list[tuple[int, list[str]]]:
    """Number and cells of each row."""
    return [(row.row, row.cells) for row in opened(content, **options).rows()]


def cells_of(content: str | bytes, **options) -> list[list[str]]:
    return [row.cells for row in opened(content, **options).rows()]


def problems_of(content: str | bytes, **options) -> dict[int, list[str]]:
    """The problem codes of each row that has any."""
    found = {row.row: [problem.code for problem in row.problems] for row in opened(content, **options).rows()}
    return {row: codes for row, codes in found.items() if codes}


def rejection(content: str | bytes, **options) -> Rejected:
    """Why the file is rejected, at once or while it is read."""
    try:
        list(opened(content, **options).rows())
    except Rejected as rejected:
        return rejected
    raise AssertionError("the file was not rejected")


def rejected_with(content: str | bytes, **options) -> list[str]:
    return [problem.code for problem in rejection(content, **options).problems]
