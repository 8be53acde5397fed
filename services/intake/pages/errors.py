"""Errors on pages: the same refusals as in the API, written for people. The API keeps its problem details."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from services.intake.pages.render import render

Handler = Callable[[Request, Any], Awaitable[Response]]

_PASSING = {429, 500, 503}
_NOT_PAGES = ("/api/", "/livez", "/readyz", "/metrics", "/static/")


def show_errors_on_pages(app: FastAPI) -> None:
    """Let each error handler that the app has answer pages with a page."""
    for kind, handler in list(app.exception_handlers.items()):
        app.exception_handlers[kind] = _written_for_people(handler)  # type: ignore[arg-type]  # starlette says Any


def _written_for_people(handler: Handler) -> Handler:
    async def answer(request: Request, error: Any) -> Response:
        answered = await handler(request, error)
        is_page = not request.url.path.startswith(_NOT_PAGES)
        return _page(request, answered) if is_page and isinstance(answered, JSONResponse) else answered

    return answer


def _page(request: Request, answered: JSONResponse) -> Response:
    """The error as a page: its own words where we have some, else what the API says."""
    problem = json.loads(bytes(answered.body))
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    passing = answered.status_code in _PASSING and request.method == "GET"
    page = render(
        request, "error.html", status=answered.status_code, code=answered.status_code, again=address if passing else "",
        reason=str(problem.get("code", "")).replace(".", "_"), detail=problem.get("detail", ""),
    )  # fmt: skip
    for name in ("retry-after", "allow"):
        if name in answered.headers:
            page.headers[name] = answered.headers[name]
    return page
