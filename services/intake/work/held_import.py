"""An import that this process works on: how far it is, and notes that count only as long as its lease is ours.
A process that was paused, and whose lease another took meanwhile, learns it with its next note."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from services.intake.deps import Deps
from services.intake.flow_queries import queries
from services.intake.states import ImportStatus, Refused, Turn
from services.intake.take_turn import take_turn

LEAST_WINDOW = 2_000  # rows: a batch


class NotOursError(Exception):
    """Another process holds the import now, or a button changed its status: stop and look again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an import is. Columns as in migrations/0001."""

    id: UUID
    experience_id: UUID
    type: str
    status: str
    file_path: str
    tries: int
    read_row: int
    rows: int
    read_complete: bool
    checked: int
    approved_row: int
    approving_row: int
    approved: int
    approve_complete: bool
    provisioned: int
    importable: int  # ready and warning
    stuck: bool  # nothing has moved for longer than settings.repair_after_seconds
    still_seconds: float  # how long nothing has moved
    mails_late: bool  # nothing was heard of mails that are outstanding, for a time that doubles with each try


class Task(StrEnum):
    """What an import needs done."""

    READ = "read"
    REPAIR_ROWS = "repair rows"
    APPROVE = "approve"
    SETTLE_REST = "settle the rest"
    REPAIR_APPROVALS = "repair approvals"
    REPAIR_MAILS = "repair mails"
    CLEAR = "clear"
    REST = "rest"  # nothing: others are at work, or a person


def task_of(progress: Progress) -> Task:
    """What to do for an import that is this far."""
    late = progress.stuck
    match progress.status:
        case ImportStatus.SUBMITTED:
            return Task.READ
        case ImportStatus.PREPROCESSING if not progress.read_complete:
            return Task.READ
        case ImportStatus.PREPROCESSING:
            return Task.REPAIR_ROWS if late else Task.REST
        case ImportStatus.RUNNING if not progress.approve_complete:
            return Task.APPROVE
        case ImportStatus.CANCELLING if not progress.approve_complete:
            return Task.SETTLE_REST
        case ImportStatus.RUNNING | ImportStatus.CANCELLING:
            return Task.REPAIR_APPROVALS if late else Task.REST
        case ImportStatus.FINISHED:
            return Task.REPAIR_MAILS if progress.mails_late else Task.REST
        case ImportStatus.REJECTED:
            return Task.CLEAR
        case _:
            return Task.REST


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldImport:
    """The lease of one import."""

    deps: Deps
    id: UUID
    owner: str
    at_work: Collection["HeldImport"] = ()  # all that this process holds now

    @property
    def window(self) -> int:
        """How many rows may be under way: what the imports at work share, so that a small one does not wait for the windows
        of all others, yet never less than a batch."""
        window = self.deps.settings.reading_window
        return max(window // max(1, len(self.at_work)), min(window, LEAST_WINDOW))

    async def progress(self, expected: str | None = None) -> Progress:
        """How far the import is now. Raises NotOursError, also when its status is not the expected one."""
        row = await queries.work_of(
            self.deps.pool, id=self.id, owner=self.owner, repair_after_seconds=self.deps.settings.repair_after_seconds
        )
        if row is None or (expected and row["status"] != expected):
            raise NotOursError
        return Progress(**row)

    async def note(
        self, query: Callable[..., Awaitable[Any]], connection: PoolConnectionProxy | None = None, **values: object
    ) -> Any:
        """Write down how far we came, by a query that returns nothing when the import is not ours (any more) or is in
        another status. Raises NotOursError then."""
        answer = await query(connection or self.deps.pool, id=self.id, owner=self.owner, **values)
        if answer is None:
            raise NotOursError
        return answer

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PoolConnectionProxy]:
        """A transaction that may take turns; the relay looks at the outbox at once after it."""
        async with self.deps.pool.acquire() as connection, connection.transaction():
            yield connection
        self.deps.wake_outbox.set()

    async def take(self, turn: Turn, connection: PoolConnectionProxy) -> None:
        """Take a turn of our import in a transaction. Raises NotOursError when it is not allowed (any more)."""
        await self.note(queries.lock_ours, connection)
        if isinstance(await take_turn(connection, self.id, turn, base_url=self.deps.settings.base_url), Refused):
            raise NotOursError

    async def release(self) -> None:
        """Let whoever finds something to do take it."""
        await queries.release_lease(self.deps.pool, id=self.id, owner=self.owner)

    async def postpone(self, seconds: float) -> None:
        """Let whoever comes first try again after a while."""
        await queries.postpone(self.deps.pool, id=self.id, owner=self.owner, seconds=seconds)
