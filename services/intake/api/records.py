"""The records of an import: as pages, and as a file to correct and upload again."""

import re
from pathlib import PurePath
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BeforeValidator, Field

from services.intake.api.access import Caller, DepsOf, MyImport
from services.intake.api.schemas import RecordPage
from services.intake.records.list_records import list_records
from services.intake.records.record_filters import Filters, RecordImportStatus
from services.intake.records.record_view import record_view
from services.intake.records.records_csv import records_csv
from services.intake.users.people import note_action
from shared.events import Outcome, Plan, PreImportStatus

router = APIRouter(prefix="/imports/{import_id}", tags=["Records"])

_LAST_ROW = 2**31 - 1
_PAGE = 50  # records, unless told
_After = Annotated[int, Field(ge=0, le=_LAST_ROW)]  # inside of _or, so that the description has the bounds
_Limit = Annotated[int, Field(ge=1, le=1000)]


def _or(default: object) -> BeforeValidator:
    """A form sends the fields that nobody filled in as empty texts."""
    return BeforeValidator(lambda asked: default if asked == "" else asked)


def get_filters(
    status: Annotated[PreImportStatus | None, _or(None), Query(description="Pre-import status.")] = None,
    plan: Annotated[Plan | None, _or(None), Query(description="What Run will do.")] = None,
    import_status: Annotated[RecordImportStatus | None, _or(None), Query(description="What Run made of it.")] = None,
    outcome: Annotated[Outcome | None, _or(None), Query(description="What Run really did.")] = None,
    problem: Annotated[str, Query(max_length=100, description="A problem code.")] = "",
    q: Annotated[
        str, Query(max_length=300, description="Beginnings of words of email and names; all must be there.")
    ] = "",
) -> Filters:
    """The filters of the query string; all must hold."""
    return Filters(
        status=status, plan=plan, import_status=import_status, outcome=outcome, problem=_text(problem) or None, q=_text(q)
    )  # fmt: skip


AskedFilters = Annotated[Filters, Depends(get_filters)]


@router.get("/records", response_model=RecordPage)
async def list_records_of_import(
    mine: MyImport, deps: DepsOf, filters: AskedFilters,
    after: Annotated[_After, _or(0), Query(description="`next_after` of the page before.")] = 0,
    limit: Annotated[_Limit, _or(_PAGE), Query()] = _PAGE,
) -> object:  # fmt: skip
    """Records in the order of rows."""
    page = await list_records(deps.pool, mine, filters=filters, after=after, limit=limit)
    return {"items": [record_view(record, mine) for record in page.records], "next_after": page.next_after}


@router.get("/records.csv", response_class=StreamingResponse, responses={200: {"content": {"text/csv": {}}}})
async def download_records(mine: MyImport, deps: DepsOf, caller: Caller, filters: AskedFilters) -> StreamingResponse:
    """Records with the columns of the source file and `row`, `status`, `code`, `message`. Cells that a spreadsheet would
    take for formulas begin with `'`; the file can be corrected and uploaded again as it is."""
    await note_action(
        deps.pool,
        caller.email_key,
        action="records.downloaded",
        import_id=mine["id"],
        experience_id=mine["experience_id"],
    )
    headers = {"Content-Disposition": _attachment(mine["file_name"])}
    return StreamingResponse(
        records_csv(deps.pool, mine, filters=filters), media_type="text/csv; charset=utf-8", headers=headers
    )


def _attachment(file_name: str) -> str:
    """The download's name after the source file's: plain for old clients, in full for the others."""
    stem = PurePath(file_name).stem[:100]
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip(".-") or "import"
    return f"attachment; filename=\"{plain}-records.csv\"; filename*=UTF-8''{quote(stem, safe='')}-records.csv"


def _text(asked: str) -> str:
    return asked.replace("\x00", " ")  # Postgres takes no NUL
