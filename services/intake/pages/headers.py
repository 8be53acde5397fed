"""What every answer tells the browser: load nothing from elsewhere, run nothing inline, show us in no frame, keep no copy."""

from inspect import isawaitable

from fastapi import FastAPI, Request, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = {
    "default-src": "'self'",
    "base-uri": "'none'",
    "object-src": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
_HEADERS = {
    "Content-Security-Policy": "; ".join(f"{what} {source}" for what, source in _POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # not no-referrer: browsers would then hide the origin of our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",  # pages and answers have people's data; what may be kept says so itself
}
_ONLY_TLS = {"Strict-Transport-Security": "max-age=31536000"}


class SecurityHeaders:
    """ASGI middleware that adds them to answers without their own."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with headers."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(MutableHeaders(scope=message), https=self._https)
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


def guard_failures(app: FastAPI, *, https: bool) -> None:
    """The answer to a failure of ours is made outside of all middleware; it gets the headers here."""
    answer = app.exception_handlers[Exception]

    async def guarded(request: Request, error: Exception) -> Response:
        made = answer(request, error)
        response = await made if isawaitable(made) else made
        _add(response.headers, https=https)
        return response

    app.exception_handlers[Exception] = guarded


def _add(headers: MutableHeaders, *, https: bool) -> None:
    for name, value in (_HEADERS | _ONLY_TLS if https else _HEADERS).items():
        headers.setdefault(name, value)
