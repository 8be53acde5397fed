"""Every error of the API as RFC 9457 problem details with a stable `code`; `detail` tells the person what to do."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from services.intake.api.schemas import problem_json
from services.intake.file_store import FileStoreAwayError
from services.intake.upload.receive_file import UploadRefused
from shared.postgres.away import DATABASE_AWAY

log = structlog.get_logger()

_CODES = {404: "not_found", 405: "method.not_allowed", 408: "request.too_slow", 413: "request.too_large"}
_DETAILS = {
    404: "There is nothing here for you: check the address and that you are an administrator of the experience.",
    408: "The body came too slowly; send it again over a better connection.",
    413: "The body is too large for this address.",
    422: "The body is not JSON in UTF-8; correct it.",
}
_NO_OBJECT = "send a JSON object, with the header `Content-Type: application/json`"
_SENTENCES = {  # by what pydantic calls it; what it says of anything else tells what to do
    "json_invalid": "this is not JSON; correct it",
    "missing": "this is missing; send it",
    "model_type": _NO_OBJECT,
    "model_attributes_type": _NO_OBJECT,
}


class ApiError(Exception):
    """A refusal. `more` are further members of the problem details."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.detail, self.headers, self.more = status, code, detail, headers, more


def not_found() -> ApiError:
    """Unknown, or not the caller's: the same answer, so that nothing leaks."""
    return ApiError(404, _CODES[404], _DETAILS[404])


def problem_answer(error: ApiError) -> JSONResponse:
    """The error as a response."""
    body = {
        "type": f"urn:rollcall:problem:{error.code}", "title": HTTPStatus(error.status).phrase,
        "status": error.status, "detail": error.detail, "code": error.code, **error.more,
    }  # fmt: skip
    return JSONResponse(body, error.status, headers=error.headers, media_type="application/problem+json")


def answer_errors(app: FastAPI) -> None:
    """Make the app answer all its errors as problem details."""
    app.exception_handler(ApiError)(_on_api_error)
    app.exception_handler(UploadRefused)(_on_upload_refused)
    app.exception_handler(RequestValidationError)(_on_invalid_request)
    app.exception_handler(HTTPException)(_on_http_exception)
    app.exception_handler(FileStoreAwayError)(_on_file_store_away)
    for kind in DATABASE_AWAY:
        app.exception_handler(kind)(_on_database_away)
    app.exception_handler(Exception)(_on_failure)


async def _on_api_error(_: Request, error: ApiError) -> JSONResponse:
    return problem_answer(error)


async def _on_upload_refused(_: Request, error: UploadRefused) -> JSONResponse:
    more: dict[str, Any] = {"problems": [problem_json(error.problem)]} if error.problem else {}
    return problem_answer(ApiError(error.status, error.code, error.message, **more))


async def _on_invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
    found = error.errors()
    if any(one["loc"][0] == "path" for one in found):  # an id that cannot be one is an id that is not there
        return problem_answer(not_found())
    errors = [{"field": _field(one), "message": _SENTENCES.get(one["type"], one["msg"])} for one in found]
    detail = "; ".join(f"{one['field'] or 'body'}: {one['message']}" for one in errors)
    return problem_answer(ApiError(422, "request.invalid", detail, errors=errors))


def _field(error: Mapping[str, Any]) -> str:
    if error["type"] == "json_invalid":  # then a place in the text stands where the field should be
        return ""
    return ".".join(str(part) for part in error["loc"][1:])


async def _on_http_exception(request: Request, error: HTTPException) -> JSONResponse:
    status = (
        422 if error.status_code == 400 else error.status_code
    )  # the framework says either of a body that is no JSON
    detail = _DETAILS.get(status, error.detail)
    headers = dict(error.headers or {})
    if status == 405:
        headers["Allow"] = request.app.allow(request.scope)
        detail = f"This address takes {headers['Allow']}; send one of these."
    return problem_answer(ApiError(status, _CODES.get(status, "request.invalid"), detail, headers=headers))


async def _on_database_away(request: Request, error: Exception) -> JSONResponse:
    log.warning("request.database_away", error=type(error).__name__, route=_route(request))
    detail = "The database does not answer; try again in a moment."
    return problem_answer(ApiError(503, "service.unavailable", detail, headers={"Retry-After": "5"}))


async def _on_file_store_away(_: Request, error: FileStoreAwayError) -> JSONResponse:
    detail = (
        "The file cannot be stored right now, so nothing was imported. Try again in a few minutes; if it stays so, tell "
        "those who run Rollcall that its file store is full or cannot be reached."
    )
    return problem_answer(ApiError(503, "file_store.unavailable", detail, headers={"Retry-After": "60"}))


async def _on_failure(request: Request, error: Exception) -> JSONResponse:
    log.error("request.failed", error=type(error).__name__, route=_route(request), exc_info=error)
    return problem_answer(ApiError(500, "internal.error", "Something went wrong here; it was written down. Try again."))


def _route(request: Request) -> str:
    route = request.scope.get("route")
    return getattr(route, "path", "")  # the pattern, not the address: no ids, no emails
