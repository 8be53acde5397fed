"""How many uploads stream in at once: each holds some megabytes. The others wait with their bodies unread, and nobody takes all
turns; who has waited for long is told to come back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

from services.intake.api.errors import ApiError

AT_ONCE = 12  # of one process
OF_ONE_PERSON = 4
WAIT_SECONDS = 30.0


class UploadTurns:
    """The turns of one process."""

    def __init__(self, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait_seconds = wait_seconds
        self._of_all = asyncio.Semaphore(AT_ONCE)
        self._of_one = WeakValueDictionary[str, asyncio.Semaphore]()

    @asynccontextmanager
    async def take(self, who: str) -> AsyncIterator[None]:
        """Wait for a turn and keep it. Raises ApiError 429."""
        mine = self._of_one.setdefault(who, asyncio.Semaphore(OF_ONE_PERSON))
        async with AsyncExitStack() as turn:
            try:
                async with asyncio.timeout(self._wait_seconds):
                    await turn.enter_async_context(mine)
                    await turn.enter_async_context(self._of_all)
            except TimeoutError:
                raise ApiError(
                    429, "uploads.busy", "Too many files come in right now; wait a minute and try again.",
                    headers={"Retry-After": "60"},
                ) from None  # fmt: skip
            yield
