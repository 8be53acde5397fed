"""What intake's handlers, routes and background loops work with. Built once, in app.py."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import asyncpg

from services.intake.file_store import FileStore
from services.intake.settings import Settings
from shared.kafka.publish import Publisher

Upto = Callable[[], Awaitable[float]]  # a moment of `time.monotonic()`; raises KafkaError


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """The open resources of one intake process."""

    pool: asyncpg.Pool
    publisher: Publisher
    file_store: FileStore
    settings: Settings
    rows_answered: Upto  # what was asked before it has been answered, and the answers are kept
    approvals_answered: Upto
    wake: asyncio.Event = field(default_factory=asyncio.Event)  # there is background work: look now
    wake_outbox: asyncio.Event = field(default_factory=asyncio.Event)  # there are events to relay: look now

    def wake_all(self) -> None:
        """Let background work and the outbox relay of this process start at once (after a submit, run or cancel).
        Two events, because each waiter clears its own."""
        self.wake.set()
        self.wake_outbox.set()
