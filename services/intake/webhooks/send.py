"""Sending to webhooks: this process takes webhooks that have something due, some at a time, and sends to each one delivery
after the other. Other replicas do the same; when one dies, its leases end and others send what it had not written down."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID, uuid4

import asyncpg
import structlog

from services.intake.deps import Deps
from services.intake.webhooks.post import TOTAL_SECONDS, Answer, Poster
from services.intake.webhooks.register import guard_of
from services.intake.webhooks.settle import settle
from services.intake.webhooks.sign import signed_headers
from services.intake.webhooks.webhook_queries import queries
from shared.kafka.consume import where
from shared.postgres.away import DATABASE_TROUBLE

log = structlog.get_logger()

WEBHOOKS_AT_ONCE = 32  # a slow one holds up itself: nobody sends to it twice at once
LEASE_SECONDS = 3 * TOTAL_SECONDS  # how long the webhooks of a process that was killed wait for another
POLL_SECONDS = 1.0
REST_SECONDS = 5.0  # after a failure, for one that has many deliveries waiting


class WebhookSender:
    """This process among those that share the sending."""

    def __init__(self, deps: Deps, poster: Poster | None = None, *, dice: Callable[[], float] = random.random) -> None:
        self._deps = deps
        self._poster = poster or Poster(guard_of(deps))
        self._dice = dice
        self._owner = uuid4()
        self._held: set[UUID] = set()
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Claim and send, for ever."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    self._wake.clear()
                    try:
                        await self._claim(tasks)
                    except DATABASE_TROUBLE as error:
                        log.warning("webhooks.waiting", error=type(error).__name__)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(POLL_SECONDS):
                            await self._wake.wait()
        finally:
            with suppress(*DATABASE_TROUBLE):
                await queries.release_webhooks(self._deps.pool, owner=self._owner)

    async def _claim(self, tasks: asyncio.TaskGroup) -> None:
        if most := WEBHOOKS_AT_ONCE - len(self._held):
            claimed = queries.claim_webhooks(
                self._deps.pool, owner=self._owner, lease_seconds=LEASE_SECONDS, most=most, held=list(self._held)
            )
            for webhook_id in [row["id"] async for row in claimed]:
                self._held.add(webhook_id)
                tasks.create_task(self._serve(webhook_id))

    async def _serve(self, webhook_id: UUID) -> None:
        try:
            went_well = await self._send_due(webhook_id)
            rest = 0.0 if went_well else REST_SECONDS
            await queries.release_webhook(self._deps.pool, id=webhook_id, owner=self._owner, rest_seconds=rest)
        except Exception as error:  # one webhook must not end the sending to others; its lease ends by itself
            log.warning("webhook.failed", webhook_id=str(webhook_id), error=type(error).__name__, at=where(error))
        finally:
            self._held.discard(webhook_id)
            self._wake.set()

    async def _send_due(self, webhook_id: UUID) -> bool:
        """Send what is due until nothing is, or an attempt fails."""
        while delivery := await queries.next_delivery(
            self._deps.pool, id=webhook_id, owner=self._owner, lease_seconds=LEASE_SECONDS
        ):
            if delivery["is_off"]:  # it was switched off while this was queued
                await queries.give_up(self._deps.pool, id=webhook_id)
                return True
            answer = await self._send(delivery)
            # The window: a process that ends here has sent and not written it down. The delivery is sent again, with the
            # same id, by which the receiver knows it.
            await settle(self._deps.pool, delivery, answer, dice=self._dice())
            if not answer.accepted:
                return False
        return True

    async def _send(self, delivery: asyncpg.Record) -> Answer:
        body = delivery["body"].encode()
        secrets = [secret for secret in (delivery["secret"], delivery["old_secret"]) if secret]
        headers = signed_headers(secrets, event_id=delivery["event_id"], timestamp=int(time.time()), body=body)
        return await self._poster.post(delivery["url"], body, headers)
