"""A file with more rows than an import may have: refused at once, whatever its lines look like, and nothing stays."""

import io
import zipfile

import openpyxl
import pytest

from tests.integration.intake.api.world import UPLOAD_MAX_ROWS, Api, is_problem


def rows(count: int, *, end: str = "\r\n", row: str = "ada{}@northfield-college.org") -> bytes:
    return end.join(["Email", *(row.format(number) for number in range(count)), ""]).encode()


@pytest.mark.parametrize(
    "content",
    [
        rows(UPLOAD_MAX_ROWS + 1),
        rows(UPLOAD_MAX_ROWS + 1).rstrip(),
        rows(UPLOAD_MAX_ROWS + 1, end="\r"),
        rows(UPLOAD_MAX_ROWS + 1, end="\n\n\n"),
        rows(UPLOAD_MAX_ROWS + 1, end="\n").decode().encode("utf-16"),
    ],
    ids=["CRLF", "without a last line end", "CR", "blank rows between", "UTF-16"],
)
async def test_too_many_rows_are_refused_with_the_limit_and_nothing_stays(api: Api, content: bytes) -> None:
    found = is_problem(await api.upload(content), 413, "file.too_many_rows")
    assert "more than 1,000 rows" in found["detail"]
    assert found["problems"][0]["code"] == "file.too_many_rows"
    assert api.stored() == []
    assert await api.deps.pool.fetchval("select count(*) from imports") == 0


@pytest.mark.parametrize(
    "content",
    [
        rows(UPLOAD_MAX_ROWS),
        rows(UPLOAD_MAX_ROWS, end="\n\n\n"),
        rows(UPLOAD_MAX_ROWS // 2, row='"ada{}@northfield-\n\ncollege.org"'),
        b"Name" + rows(UPLOAD_MAX_ROWS + 1),
    ],
    ids=["as many as may be", "blank rows", "quoted line breaks", "another reason to reject it"],
)
async def test_what_has_many_lines_but_not_too_many_rows_is_taken(api: Api, content: bytes) -> None:
    await api.new_import(content)


async def test_a_workbook_is_not_unpacked_before_it_is_taken(api: Api) -> None:
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["Email"])
    for number in range(UPLOAD_MAX_ROWS + 1):
        book.active.append([f"ada{number}@northfield-college.org"])
    book.save(file)
    with zipfile.ZipFile(file, "a") as container:
        container.writestr("xl/media/lines", b"\n" * 2 * UPLOAD_MAX_ROWS)
    await api.new_import(file.getvalue())
