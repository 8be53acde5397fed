"""Background work on imports: this process takes the leases of imports that need something done, some at a time, and
does it. Other replicas do the same; when one dies, its leases end and others go on where its notes stop."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import uuid4

import structlog

from services.intake.deps import Deps
from services.intake.flow_queries import queries
from services.intake.reading.read_rows import Rejected
from services.intake.work.held_import import HeldImport, NotOursError, Progress, Task, task_of
from services.intake.work.publish_approvals import publish_approvals
from services.intake.work.publish_rows import publish_rows
from services.intake.work.read_source import ReadingFailedError
from services.intake.work.reject_import import clear_rejected, reject_import
from services.intake.work.repair import repair_approvals, repair_rows
from services.intake.work.repair_mails import repair_mails
from services.intake.work.settle_rest import settle_rest
from shared.kafka.consume import where
from shared.postgres.away import DATABASE_TROUBLE
from shared.problems import problem

log = structlog.get_logger()

IMPORTS_AT_ONCE = 64
LEASE_SECONDS = 10.0  # how long the imports of a process that was killed wait for another
RENEW_SECONDS = 2.0
POLL_SECONDS = 1.0  # how late work that another replica accepted, or left, is seen
POSTPONE_SECONDS = 3.0  # after work failed

_WORK: dict[Task, Callable[[HeldImport, Progress], Awaitable[None]]] = {
    Task.READ: publish_rows,
    Task.REPAIR_ROWS: repair_rows,
    Task.APPROVE: publish_approvals,
    Task.SETTLE_REST: settle_rest,
    Task.REPAIR_APPROVALS: repair_approvals,
    Task.REPAIR_MAILS: repair_mails,
}


_REPAIRS = (Task.REPAIR_ROWS, Task.REPAIR_APPROVALS)


class Worker:
    """This process among those that share the work."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._owner = uuid4().hex  # of this process only: after a restart, the old leases are another's
        self._held: set[HeldImport] = set()
        self._renewed = time.monotonic()
        self._trouble: Exception | None = None  # of the last look for work

    async def check(self) -> None:
        """Raise what the last look for work failed with: a database may answer questions and take no changes."""
        if self._trouble is not None:
            raise self._trouble.with_traceback(None)

    @property
    def is_busy(self) -> bool:
        """Whether imports are being worked on here now."""
        return bool(self._held)

    async def run(self) -> None:
        """Claim and work, for ever."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    self._deps.wake.clear()
                    try:
                        await self._claim(tasks)
                        await self._renew()
                        self._trouble = None
                    except DATABASE_TROUBLE as error:
                        self._trouble = error
                        log.warning("work.waiting", error=type(error).__name__)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(POLL_SECONDS):
                            await self._deps.wake.wait()
        finally:
            with suppress(*DATABASE_TROUBLE):
                await queries.release_leases(self._deps.pool, owner=self._owner)

    async def _claim(self, tasks: asyncio.TaskGroup) -> None:
        claimed = queries.claim_imports(
            self._deps.pool,
            owner=self._owner,
            lease_seconds=LEASE_SECONDS,
            repair_after_seconds=self._deps.settings.repair_after_seconds,
            most=IMPORTS_AT_ONCE - len(self._held),
            held=[held.id for held in self._held],
        )
        for import_id in [row["id"] async for row in claimed]:
            held = HeldImport(deps=self._deps, id=import_id, owner=self._owner, at_work=self._held)
            self._held.add(held)
            tasks.create_task(self._work(held))

    async def _renew(self) -> None:
        if self._held and time.monotonic() - self._renewed > RENEW_SECONDS:
            ids = [held.id for held in self._held]
            await queries.renew_leases(self._deps.pool, owner=self._owner, ids=ids, lease_seconds=LEASE_SECONDS)
            self._renewed = time.monotonic()

    async def _work(self, held: HeldImport) -> None:
        try:
            await work_on(held)
            await held.release()
        except NotOursError:
            log.info("import.lease_lost", import_id=str(held.id))
        except Exception as error:  # one import must not end the work on others
            log.warning("import.work_failed", import_id=str(held.id), error=type(error).__name__, at=where(error))
            with suppress(*DATABASE_TROUBLE):
                await held.postpone(POSTPONE_SECONDS)
        finally:
            self._held.discard(held)
            self._deps.wake.set()  # what happened to the import meanwhile may be work again


async def work_on(held: HeldImport) -> None:
    """Do what the import needs until it needs nothing more. Raises NotOursError when another has taken its lease."""
    while True:
        progress = await held.progress()
        task = task_of(progress)
        if task is Task.REST:
            return
        if task is Task.CLEAR:
            return await clear_rejected(held, progress)
        with suppress(NotOursError):  # a button was pressed: look again
            await _do(task, held, progress)
        if task in _REPAIRS:
            return  # the next claim sees whether it is still stuck


async def _do(task: Task, held: HeldImport, progress: Progress) -> None:
    try:
        await _WORK[task](held, progress)
    except Rejected as rejected:
        await reject_import(held, rejected)
    except ReadingFailedError as error:
        now = await held.progress()
        if await held.note(queries.note_try, status=now.status) <= held.deps.settings.repair_tries:
            raise
        log.error("import.reading_failed", import_id=str(held.id), error=str(error))
        await reject_import(held, Rejected([problem("file.not_readable", reason=str(error))]))
