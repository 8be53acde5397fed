"""An app behind a real port, in a thread with an event loop of its own: for clients that no transport in memory can play."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager

from fastapi import FastAPI

from shared.http_server import BoundedProtocol, Server, http_config, open_port

Build = Callable[[AsyncExitStack], Awaitable[FastAPI]]


@contextmanager
def served(build: Build, protocol: type[BoundedProtocol] = BoundedProtocol) -> Iterator[str]:
    """The address of what `build` makes, until the end."""
    listening = open_port("127.0.0.1", 0)
    host, port = listening.getsockname()[:2]
    ready: list[Server | BaseException] = []
    told = threading.Event()

    async def serve() -> None:
        async with AsyncExitStack() as resources:
            server = Server(http_config(await build(resources), protocol))
            ready.append(server)
            told.set()
            await server.serve([listening])

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            ready.append(error)
            told.set()

    thread = threading.Thread(target=run)
    thread.start()
    told.wait(60)
    if isinstance(ready[0], BaseException):
        raise ready[0]
    try:
        yield f"http://{host}:{port}"
    finally:
        ready[0].should_exit = True
        thread.join(60)
