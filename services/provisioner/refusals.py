"""Every error of the directory API as RFC 9457 problem details with a stable `code`. Values of a request are not repeated."""

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared.postgres.away import DATABASE_AWAY

log = structlog.get_logger()

_CODES = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method.not_allowed",
    HTTPStatus.REQUEST_TIMEOUT: "request.too_slow",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "request.too_large",
}


class Refused(Exception):
    """A call that is answered with a problem."""

    def __init__(
        self, status: HTTPStatus, code: str, detail: str, *, headers: dict[str, str] | None = None
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.status, self.code, self.detail, self.headers = status, code, detail, headers


def answer_errors(api: FastAPI) -> None:
    """Make the API answer all its errors as problem details."""
    api.exception_handler(Refused)(_on_refused)
    api.exception_handler(RequestValidationError)(_on_invalid_request)
    api.exception_handler(HTTPException)(_on_http_exception)
    for kind in DATABASE_AWAY:
        api.exception_handler(kind)(_on_database_away)
    api.exception_handler(Exception)(_on_failure)


def _problem(refused: Refused) -> JSONResponse:
    body = {
        "type": "about:blank", "title": refused.status.phrase, "status": refused.status.value, "code": refused.code,
        "detail": refused.detail,
    }  # fmt: skip
    return JSONResponse(body, refused.status, refused.headers, media_type="application/problem+json")


async def _on_refused(_: Request, refused: Refused) -> JSONResponse:
    return _problem(refused)


async def _on_invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
    """Names the places that are wrong and not their values: those may be personal."""
    places = ", ".join(sorted({".".join(str(part) for part in found["loc"]) for found in error.errors()}))
    detail = f"These parts of the request are wrong: {places}."
    return _problem(Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "request.invalid", detail))


async def _on_http_exception(request: Request, error: HTTPException) -> JSONResponse:
    """The framework's own refusals: an address or a method that there is not."""
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.BAD_REQUEST:  # it says either of a body that is no JSON
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    allow = {"Allow": request.app.allow(request.scope)} if status is HTTPStatus.METHOD_NOT_ALLOWED else None
    code, detail = _CODES.get(status, "request.invalid"), status.description or status.phrase
    return _problem(Refused(status, code, detail, headers=allow))


async def _on_database_away(_: Request, error: Exception) -> JSONResponse:
    log.warning("request.database_away", error=type(error).__name__)
    detail = "The database does not answer; try again in a moment."
    return _problem(
        Refused(HTTPStatus.SERVICE_UNAVAILABLE, "service.unavailable", detail, headers={"Retry-After": "5"})
    )


async def _on_failure(_: Request, error: Exception) -> JSONResponse:
    log.error("request.failed", error=type(error).__name__, exc_info=error)
    detail = "Something went wrong here; it was written down. Try again."
    return _problem(Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "internal.error", detail))
