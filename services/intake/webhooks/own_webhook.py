"""What an administrator does with a webhook of their experience, by API or page: test, deliver again, switch, give a new secret,
delete. Each is written down in the audit log, in the transaction in which it is done."""

import re
from dataclasses import dataclass
from uuid import UUID, uuid4

from services.intake.deps import Deps
from services.intake.users.people import Database, note_action
from services.intake.webhooks.payload import TEST, body_of_test
from services.intake.webhooks.register import OLD_SECRET_HOURS, WebhookRefused, find_webhook
from services.intake.webhooks.sign import new_secret
from services.intake.webhooks.webhook import OffReason, Webhook
from services.intake.webhooks.webhook_queries import queries
from shared.clock import iso, now

_EVENT_ID = re.compile(r"[!-~]{1,200}")


@dataclass(frozen=True, slots=True)
class OwnWebhook:
    """A webhook in the hands of somebody who administers its experience."""

    deps: Deps
    experience_id: UUID
    webhook: Webhook
    by: str  # email key

    async def now(self) -> Webhook:
        """The webhook as it is after what was done."""
        return await find_webhook(self.deps, self.experience_id, self.webhook.id) or self.webhook

    async def send_test(self) -> None:
        """Queue a test. It is tried once. Raises WebhookRefused."""
        body = body_of_test(self.experience_id, self.webhook.id, at=iso(now()))
        async with self.deps.pool.acquire() as connection, connection.transaction():
            queued = await queries.queue_test(
                connection, id=self.webhook.id, event_id=f"test/{uuid4()}", type=TEST, body=body
            )
            if queued is None:
                message = "It is switched off, or a test is on its way already; look at the delivery log."
                raise WebhookRefused("webhook.not_tested", message, status=409)
            await self._note(connection, "webhook.tested")

    async def deliver_again(self, event_id: str) -> None:
        """Send what was sent or given up once more, and what waits at once: the same body under the same id, by which the
        receiver knows it. Raises WebhookRefused."""
        async with self.deps.pool.acquire() as connection, connection.transaction():
            if await queries.lock_webhook_that_is_on(connection, id=self.webhook.id) is None:
                message = "It is switched off; switch it on first."
                raise WebhookRefused("webhook.off", message, status=409)
            is_id = _EVENT_ID.fullmatch(event_id) is not None
            if not is_id or not await queries.deliver_again(connection, id=self.webhook.id, event_id=event_id):
                message = "There is no such delivery any more; only the newest are kept."
                raise WebhookRefused("webhook.delivery_unknown", message, status=404)
            await self._note(connection, "webhook.delivered_again", about=event_id)

    async def replace_secret(self) -> str:
        """A new secret, which is not shown again. For a day both sign."""
        secret = new_secret()
        async with self.deps.pool.acquire() as connection, connection.transaction():
            await queries.replace_secret(connection, id=self.webhook.id, secret=secret, hours=OLD_SECRET_HOURS)
            await self._note(connection, "webhook.secret_replaced")
        return secret

    async def switch(self, *, on: bool) -> None:
        """Switch it on or off; that it was so already is fine. What waits for one that is switched off is given up."""
        async with self.deps.pool.acquire() as connection, connection.transaction():
            if on:
                changed = await queries.switch_on(connection, id=self.webhook.id)
            elif changed := await queries.switch_off(connection, id=self.webhook.id, reason=OffReason.PERSON):
                await queries.give_up(connection, id=self.webhook.id)
            if changed:
                await self._note(connection, "webhook.switched_on" if on else "webhook.switched_off")

    async def delete(self) -> None:
        """Delete it, with its log and what waits."""
        async with self.deps.pool.acquire() as connection, connection.transaction():
            if await queries.delete_webhook(connection, id=self.webhook.id):
                await self._note(connection, "webhook.deleted")

    async def _note(self, database: Database, action: str, *, about: str | None = None) -> None:
        await note_action(database, self.by, action=action, experience_id=self.experience_id, about=about)


async def find_own_webhook(deps: Deps, experience_id: UUID, webhook_id: UUID, *, by: str) -> OwnWebhook | None:
    """A webhook of an experience that this person (email key) was found to administer."""
    found = await find_webhook(deps, experience_id, webhook_id)
    return OwnWebhook(deps, experience_id, found, by) if found else None
