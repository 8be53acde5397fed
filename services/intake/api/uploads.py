"""Uploading a source file: access first, then the body streams into the file store, then it is an import."""

from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Header, Request, Response
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from services.intake.api.access import Caller, DepsOf, MyExperience
from services.intake.api.schemas import Import
from services.intake.deps import Deps
from services.intake.import_types import IMPORT_TYPES
from services.intake.read_imports import find_by_key, import_json, read_import
from services.intake.states import RunMoment
from services.intake.upload.take_upload import take_upload
from services.intake.users.people import User
from shared.events import EmailPolicy

log = structlog.get_logger()

router = APIRouter(tags=["Imports"])

CLIENT_GONE = 499  # nobody reads it

_FORM = {
    "required": ["file", "type"],
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "CSV or .xlsx, with its name."},
        "type": {"type": "string", "enum": list(IMPORT_TYPES)},
        "emails": {
            "type": "string", "enum": list(EmailPolicy), "default": EmailPolicy.SEND,
            "description": "What happens with the welcome mails of accounts that are created.",
        },
        "run": {
            "type": "string", "enum": list(RunMoment), "default": RunMoment.AFTER_REVIEW,
            "description": "`when-clean`: runs by itself if no record and nothing about the file has an error or a warning; "
            "else it waits for a review, as ever.",
        },
    },
}  # fmt: skip
_BODY = {"required": True, "content": {"multipart/form-data": {"schema": {"type": "object", **_FORM}}}}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    413: {
        "description": "Over a limit, which is in the message: `file.too_large`, or for a text file `file.too_many_rows`."
    },
    415: {"description": "The body is not multipart/form-data."},
    503: {"description": "The file cannot be stored right now (`file_store.unavailable`)."},
    429: {"description": "Too many uploads in a minute (`rate.limited`), or at once (`uploads.busy`)."},
}
IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=255, description="Repeat an upload with the same key: it is taken once."),
]


@router.post(
    "/experiences/{experience_id}/imports", status_code=202, response_model=Import, responses=_REFUSALS,
    openapi_extra={"requestBody": _BODY},
)  # fmt: skip
async def upload_source_file(
    request: Request, response: Response, experience_id: MyExperience, deps: DepsOf, caller: Caller,
    idempotency_key: IdempotencyKey = None,
) -> object:  # fmt: skip
    """Upload a source file. It is read and checked in the background; nothing happens to anybody before Run."""
    import_id = await _first_import(deps, experience_id, by=caller, key=idempotency_key)
    if import_id is None:
        try:
            import_id = await take_upload(request, deps, experience_id, by=caller, key=idempotency_key)
        except ClientDisconnect:
            log.info("upload.abandoned", experience_id=str(experience_id))
            return Response(status_code=CLIENT_GONE)
    response.headers["Location"] = f"/api/v1/imports/{import_id}"
    return import_json(await read_import(deps.pool, import_id), deps.settings.base_url)


def is_upload(scope: Scope) -> bool:
    """Does this request's body stream into the file store, here or on the pages?"""
    return scope["method"] == "POST" and str(scope["path"]).endswith("/imports")


async def _first_import(deps: Deps, experience_id: UUID, *, by: User, key: str | None) -> UUID | None:
    return await find_by_key(deps.pool, experience_id, submitted_by=by.email_key, key=key) if key else None
