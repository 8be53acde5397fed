"""Keeps request bodies small wherever they are read into memory. Uploads stream, and count for themselves."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LARGEST_BYTES = 64 * 1024


class LimitBodies:
    """ASGI middleware. (The framework's own limit answers in plain text; this one's error becomes problem details.)"""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what is received, except of uploads."""
        if scope["type"] != "http" or _is_upload(scope):
            await self.app(scope, receive, send)
            return
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > _LARGEST_BYTES:
                raise HTTPException(413)
            return message

        await self.app(scope, limited, send)


def _is_upload(scope: Scope) -> bool:
    return scope["method"] == "POST" and str(scope["path"]).endswith("/imports")
