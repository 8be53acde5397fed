"""Bounds on request bodies: how large one is that is read into memory, and how slowly any may come."""

import asyncio
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BYTES = 64 * 1024
SILENCE_SECONDS = 30.0  # that a client may let us wait for a body in all, and more as it sends
SLOWEST_BYTES = 10_000  # a second


class LimitBodies:
    """ASGI middleware: 413 for a body that is too large, 408 for one that dribbles. `streams` says which requests take a body
    of any size, because they never hold it in memory and count for themselves."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        streams: Callable[[Scope], bool] = lambda _: False,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self.app = app
        self._streams = streams
        self._silence_seconds = silence_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with a `receive` that counts and looks at the clock."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        largest = None if self._streams(scope) else LARGEST_BYTES
        body = _Body(receive, largest=largest, silence_seconds=self._silence_seconds)
        await self.app(scope, body.receive, send)


class _Body:
    """One request's body. Only time in which we wait for the client counts, so that nobody pays for our own slowness."""

    def __init__(self, receive: Receive, *, largest: int | None, silence_seconds: float) -> None:
        self._receive = receive
        self._largest = largest
        self._silence_seconds = silence_seconds
        self._received = 0  # bytes
        self._waited = 0.0  # seconds
        self._complete = False

    async def receive(self) -> Message:
        """The next message. Raises HTTPException when it is too much or comes too late."""
        if self._complete:  # what still comes is that the client goes, whenever it likes
            return await self._receive()
        message = await self._in_time()
        self._received += len(message.get("body", b""))
        if self._largest is not None and self._received > self._largest:
            raise HTTPException(413)
        self._complete = not message.get("more_body", False)
        return message

    async def _in_time(self) -> Message:
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        try:
            async with asyncio.timeout(self._silence_seconds + self._received / SLOWEST_BYTES - self._waited):
                return await self._receive()
        except TimeoutError:
            raise HTTPException(408) from None
        finally:
            self._waited += loop.time() - asked_at
