"""Imports that take turns, webhooks that want to know, and processes that send."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from services.intake.states import Turn
from services.intake.take_turn import take_run, take_turn
from services.intake.upload.submit_import import NewImport, submit_import
from services.intake.webhooks.own_webhook import OwnWebhook
from services.intake.webhooks.payload import WebhookEvent
from services.intake.webhooks.post import Poster
from services.intake.webhooks.register import add_webhook, delivery_log, find_webhook, guard_of
from services.intake.webhooks.send import WebhookSender
from services.intake.webhooks.webhook import Attempt, Webhook
from shared.events import EmailPolicy
from tests.integration.intake.sign_in.site import ADMINISTRATOR, Site

BASE_URL = "http://rollcall.test"
PATIENT = 25.0  # seconds for a whole POST: less than a lease


@dataclass
class World:
    site: Site

    @property
    def pool(self) -> asyncpg.Pool:
        return self.site.deps.pool

    @property
    def experience(self) -> UUID:
        return UUID(self.site.people["experience_id"])

    async def webhook(self, url: str, *events: WebhookEvent) -> tuple[Webhook, str]:
        wanted = events or tuple(WebhookEvent)
        return await add_webhook(self.site.deps, self.experience, url=url, events=wanted, by=ADMINISTRATOR)

    async def found(self, webhook: Webhook) -> Webhook:
        now = await find_webhook(self.site.deps, self.experience, webhook.id)
        assert now
        return now

    def own(self, webhook: Webhook) -> OwnWebhook:
        """In the hands of its administrator."""
        return OwnWebhook(self.site.deps, self.experience, webhook, ADMINISTRATOR)

    async def log(self, webhook: Webhook) -> list[Attempt]:
        return await delivery_log(self.site.deps, webhook.id)

    async def submit(self, experience: UUID | None = None) -> UUID:
        new = NewImport(
            id=uuid4(), experience_id=experience or self.experience, type="experience-learners", emails=EmailPolicy.SEND,
            idempotency_key=None, file_name="learners.csv", file_size=1, file_sha256="", file_path=str(uuid4()),
            submitted_by=ADMINISTRATOR,
        )  # fmt: skip
        return await submit_import(self.site.deps, new)

    async def ready(self, experience: UUID | None = None) -> UUID:
        import_id = await self.submit(experience)
        async with self.pool.acquire() as connection, connection.transaction():
            await take_turn(connection, import_id, Turn.READ, base_url=BASE_URL)
            await take_turn(connection, import_id, Turn.CHECK_LAST, base_url=BASE_URL)
        return import_id

    async def completed(self) -> UUID:
        """Without a record to hand over an import is over as soon as it is run."""
        import_id = await self.ready()
        async with self.pool.acquire() as connection, connection.transaction():
            await take_run(connection, import_id, base_url=BASE_URL, by=ADMINISTRATOR)
        return import_id

    async def waiting(self) -> list[asyncpg.Record]:
        return list(await self.pool.fetch("select * from webhook_deliveries where status = 'waiting' order by id"))

    async def statuses(self) -> list[str]:
        return [row["status"] for row in await self.pool.fetch("select status from webhook_deliveries order by id")]

    async def time_passes(self, interval: str) -> None:
        """As if everything of webhooks had been done that much earlier."""
        moved = f"- interval '{interval}'"
        await self.pool.execute(f"""
            update webhooks set failing_since = failing_since {moved}, lease_until = lease_until {moved},
                old_secret_until = old_secret_until {moved}""")
        await self.pool.execute(f"""
            update webhook_deliveries set created_at = created_at {moved}, next_at = next_at {moved}""")

    @asynccontextmanager
    async def sending(
        self, poster: Poster | None = None, *, seconds: float = PATIENT, **more: Any
    ) -> AsyncIterator[asyncio.Task[None]]:
        """A process that sends."""
        poster = poster or Poster(guard_of(self.site.deps), total_seconds=seconds)
        sender = WebhookSender(self.site.deps, poster, **more)
        task = asyncio.create_task(sender.run())
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def until(holds: Callable[[], Awaitable[Any]] | Callable[[], Any], *, seconds: float = 90.0) -> Any:
    async with asyncio.timeout(seconds):
        while True:
            found = holds()
            found = await found if isinstance(found, Awaitable) else found
            if found:
                return found
            await asyncio.sleep(0.02)
