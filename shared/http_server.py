"""The HTTP side of a service: uvicorn, with bounds on how long a client may keep a connection without asking for anything."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 30.0  # from a request's first byte to the end of its head; and to leave after an answer to half a body
STOP_SECONDS = 3  # for requests in flight; event streams never end by themselves


class Server(uvicorn.Server):
    """Leaves the signals to us."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing: the service stops the server itself."""
        yield


class BoundedProtocol(H11Protocol):
    """Closes a connection without a request in work after a while. uvicorn alone waits for ever for the end of a head, and for
    the rest of a body that was refused."""

    head_seconds = HEAD_SECONDS
    _leaving: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """The first head is awaited from here on."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Either a request is in work now, or more of its head has to come."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        super().connection_lost(exc)
        self._keep()

    def _watch(self) -> None:
        if self._at_work():
            self._keep()
        elif self._leaving is None:
            self._leaving = self.loop.call_later(self.head_seconds, self._leave)

    def _at_work(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _keep(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    def _leave(self) -> None:
        self._leaving = None
        if not self._at_work():
            self.transport.close()


def http_config(app: FastAPI, protocol: type[BoundedProtocol] = BoundedProtocol) -> uvicorn.Config:
    """How a service's HTTP is served."""
    return uvicorn.Config(
        app, http=protocol, log_config=None, log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )  # fmt: skip


def open_port(host: str, port: int) -> socket.socket:
    """Listen. Raises OSError when somebody else does."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=1024)
    # Accepted connections inherit it. asyncio sets it only on sockets whose protocol is named, and without it the second
    # part of every answer on a kept connection waits 40 ms for the client's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
