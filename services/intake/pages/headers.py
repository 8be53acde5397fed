"""What every answer tells the browser: load nothing from elsewhere, run nothing inline, show us in no frame, keep no copy."""

from collections.abc import Mapping

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


def security_headers(*, https: bool) -> Mapping[str, str]:
    """The headers of any answer, unless it has its own."""
    return {**_HEADERS, **_ONLY_TLS} if https else _HEADERS


class SecurityHeaders:
    """ASGI middleware that adds them. (Not to the answer after a failure of ours, which is made outside of it.)"""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self._headers = security_headers(https=https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with headers."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)
