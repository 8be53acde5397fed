"""A TCP port that leads to another one as well or as badly as it is told: passes, slows, hangs, refuses, cuts."""

import asyncio
import os
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from cli.local.ports import HOST, is_free

_CHUNK_BYTES = 64 * 1024
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
# Below those that outgoing connections take while nobody listens; each of the processes that test together has its own.
_QUIET_PORTS = range(20_000 + _WORKER, 32_000, _WORKERS)


@dataclass(frozen=True, slots=True)
class Pace:
    """How slowly bytes pass: each chunk waits, and takes its time."""

    delay_seconds: float = 0.0
    bytes_per_second: float = float("inf")


_given: set[int] = set()


def quiet_port() -> int:
    """A free port that stays free for whoever listens on it now and then; nobody else here is given the same."""
    while (port := random.choice(_QUIET_PORTS)) in _given or not is_free(port):
        pass
    _given.add(port)
    return port


class Proxy:
    """Leads to the first of its targets that answers, taking turns. All methods belong to one event loop."""

    def __init__(self, targets: Callable[[], Sequence[int]]) -> None:
        self.port = quiet_port()
        self._targets = targets  # asked at each connection: replicas come and go
        self._turn = 0
        self._server: asyncio.Server | None = None
        self._passing = asyncio.Event()
        self._passing.set()
        self._pace = Pace()
        self._writers: set[asyncio.StreamWriter] = set()

    async def heal(self) -> None:
        """Pass everything at once, as in the beginning."""
        self._pace = Pace()
        self._passing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, HOST, self.port, limit=4 * _CHUNK_BYTES)

    def slow(self, pace: Pace) -> None:
        """Pass bytes at this pace, also on connections that are open."""
        self._pace = pace

    def hang(self) -> None:
        """Accept connections and keep the open ones, and let no byte through."""
        self._passing.clear()

    def refuse(self) -> None:
        """Cut what is open, and listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """Reset all connections that are open now."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def close(self) -> None:
        """End for good."""
        self.refuse()
        self._passing.set()
        while self._writers:
            await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = {writer}
        self._writers.add(writer)
        try:
            if onward := await self._connect():
                ends.add(onward[1])
                self._writers |= ends
                await asyncio.gather(self._pump(reader, onward[1]), self._pump(onward[0], writer))
        finally:
            for end in ends:
                end.transport.abort()
            self._writers -= ends

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        targets = self._targets()
        self._turn += 1
        for number in range(len(targets)):
            with suppress(OSError):
                return await asyncio.open_connection(
                    HOST, targets[(self._turn + number) % len(targets)], limit=4 * _CHUNK_BYTES
                )
        return None

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One direction, until its sender is done. A broken connection ends both."""
        try:
            while data := await reader.read(_CHUNK_BYTES):
                await self._pass(len(data))
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        except OSError:
            writer.transport.abort()

    async def _pass(self, size: int) -> None:
        pace = self._pace
        if pace != Pace():
            await asyncio.sleep(pace.delay_seconds + size / pace.bytes_per_second)
        await self._passing.wait()
