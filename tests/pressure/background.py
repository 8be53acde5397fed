"""An event loop in a thread: what tests own (proxies, a mail server) goes on while a test waits for an answer."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

SECONDS = 60.0


class Background:
    """The loop, until it is closed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What the coroutine returns, once it is done."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    def call(self, act: Callable[[], object]) -> None:
        """Do something on the loop's thread."""

        async def do() -> None:
            act()

        self.run(do())

    def close(self) -> None:
        """Wait for nothing more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
