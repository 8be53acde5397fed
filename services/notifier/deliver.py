"""Delivery: claim mails from the queue, hand them to the mail server, settle what it said. Any number of processes may
do this at once; each mail is in the hand of one."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import structlog

from services.notifier.answers import Answer, Verdict, settlement
from services.notifier.compose import CannotCompose, Composer, Letter
from services.notifier.mails import Mail, MailStatus, Settlement
from services.notifier.pace import Pace, ServerPause
from services.notifier.settings import Settings
from services.notifier.smtp_pool import NoConnectionError, SmtpPool
from services.notifier.store import Store, patiently
from shared.clock import now
from shared.events import EmailKind
from shared.metrics import MAILS_PUT_OFF, MAILS_SETTLED
from shared.postgres.away import DATABASE_AWAY
from shared.traces import batch_span, note_span

log = structlog.get_logger()

CLAIM_MAILS = 50
POLL_SECONDS = 1.0  # how late a mail that another process queued, or that is due again, is seen
LEASE = timedelta(seconds=20)  # how long the mails of a process that died are out of reach
RENEW_SECONDS = 5.0
STOP_SECONDS = 8.0  # for mails in flight when the process is told to stop


class Delivery:
    """One process's part of the delivery."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store,
        smtp: SmtpPool,
        composer: Composer,
        pause: ServerPause,
        queued: asyncio.Event,
        settled: asyncio.Event,
    ) -> None:
        self._settings = settings
        self._store = store
        self._smtp = smtp
        self._composer = composer
        self._pause = pause
        self._pace = Pace(settings.mails_per_second)
        self._queued = queued  # set by others: there may be mails to send
        self._settled = settled  # set here: there is something to tell
        self._sender = uuid4()
        self._claimed: deque[Mail] = deque()
        self._claiming = asyncio.Lock()
        self._in_hand: set[str] = set()  # ids of the mails whose leases are kept
        self._answered: list[tuple[Mail, Settlement]] = []
        self._settling = asyncio.Lock()
        self._tally: Counter[str] = Counter()  # statuses since the last log line

    async def deliver_mails(self) -> None:
        """Deliver for ever. When cancelled, mails in flight are finished and the others given back."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._settings.smtp_connections):
                    group.create_task(self._work())
                group.create_task(self._keep_leases())
        finally:
            await self._smtp.close()
            with suppress(*DATABASE_AWAY):  # then their leases run out
                await self._store.give_back(self._sender)

    async def _work(self) -> None:
        while True:
            mail = await self._next()
            await self._pause.passed()
            await self._pace.turn()
            await _to_its_end(self._deliver(mail))

    async def _next(self) -> Mail:
        """A claimed mail; claims more when there is none left."""
        async with self._claiming:
            while not self._claimed:
                self._queued.clear()
                mails = await patiently(lambda: self._store.claim(self._sender, most=CLAIM_MAILS, lease=LEASE))
                # One that we have in hand already, because its lease had ended and it was put back, is not had twice.
                self._claimed.extend(mail for mail in mails if mail.id not in self._in_hand)
                self._in_hand.update(mail.id for mail in mails)
                if not mails:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._queued.wait(), POLL_SECONDS)
            return self._claimed.popleft()

    async def _deliver(self, mail: Mail) -> None:
        try:
            letter = self._composer.compose(mail, now())
        except CannotCompose as error:
            await self._settle(mail, Answer(Verdict.FAILED, str(error)))
            return
        since = time.time_ns()
        try:
            answer = await self._hand_over(mail, letter)
        except NoConnectionError as error:  # says nothing about this mail, so it costs no attempt
            self._pause.report(error.trouble, error.reason)
            self._claimed.appendleft(mail)
            return
        if answer is None:
            self._in_hand.discard(mail.id)
            log.warning("mail.lease_lost")
            return
        if mail.kind is EmailKind.FINISH:
            note_span("finish mail", mail.import_id, since=since)
        self._pause.report(answer.trouble, answer.reason)
        await self._settle(mail, answer)

    async def _hand_over(self, mail: Mail, letter: Letter) -> Answer | None:
        """The mail server's answer; None when the mail is not ours any more.

        The window: a process that ends after `start_sending` and before the mail is settled leaves it `sending`, and
        nobody knows whether the mail server has it. It becomes doubtful and is not sent again. At most one mail per
        connection is in the window; `rollcall_mails_settled_total{status="doubtful"}` counts those that were caught in it."""
        async with self._smtp.connection() as connection:
            if not await patiently(lambda: self._store.start_sending(mail.id, self._sender)):
                return None
            return await connection.hand_over(letter)

    async def _settle(self, mail: Mail, answer: Answer) -> None:
        """Write the answer down. Whoever gets the lock writes for all who wait, so many mails are one statement."""
        self._answered.append((mail, self._settlement(mail, answer)))
        async with self._settling:
            answered, self._answered = self._answered, []
            if answered:
                with batch_span("settle mails", [mail for mail, _ in answered]):
                    await patiently(lambda: self._store.settle([entry for _, entry in answered], self._sender))
                self._count(answered)

    def _settlement(self, mail: Mail, answer: Answer) -> Settlement:
        settings = self._settings
        return settlement(
            mail, answer, retry_seconds=settings.mail_retry_seconds, retry_hours=settings.mail_retry_hours
        )

    def _count(self, answered: Sequence[tuple[Mail, Settlement]]) -> None:
        for mail, entry in answered:
            self._in_hand.discard(mail.id)
            self._tally[entry.status] += 1
            if entry.status == MailStatus.QUEUED:
                MAILS_PUT_OFF.inc()
            else:
                MAILS_SETTLED.labels(mail.kind.value, entry.status).inc()
        self._settled.set()

    async def _keep_leases(self) -> None:
        while True:
            if self._in_hand:
                await patiently(lambda: self._store.renew_leases(list(self._in_hand), self._sender, lease=LEASE))
            for kind, status in await patiently(self._store.take_back):
                self._tally[f"{status}_after_crash"] += 1
                if status == MailStatus.DOUBTFUL:
                    MAILS_SETTLED.labels(kind, status).inc()
                    self._settled.set()
            if self._tally:
                log.info("mails.delivered", **self._tally)
                self._tally.clear()
            await self._smtp.end_worn_out()
            await asyncio.sleep(RENEW_SECONDS)


async def _to_its_end(delivering: Coroutine[Any, Any, None]) -> None:
    """Await it; when cancelled meanwhile, let it end first, within bounds."""
    task = asyncio.ensure_future(delivering)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=STOP_SECONDS)
        task.cancel()
        raise
