"""What administrators do with the webhooks of their experience: register, look, test, switch, give a new secret, delete."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from services.intake.deps import Deps
from services.intake.users.people import note_action
from services.intake.webhooks.addresses import Allowed, Guard, NotCallable, read_url
from services.intake.webhooks.payload import TEST, WebhookEvent, body_of_test
from services.intake.webhooks.sign import new_secret
from services.intake.webhooks.webhook import Attempt, OffReason, Webhook
from services.intake.webhooks.webhook_queries import queries
from shared.clock import iso, now

MOST_WEBHOOKS = 5  # of an experience
OLD_SECRET_HOURS = 24  # for receivers to take the new one
KEPT_ATTEMPTS = 100  # of a webhook
_MOST_COUNTED = 1000


class WebhookRefused(Exception):
    """What the person asked for cannot be. `message` says what to do."""

    def __init__(self, code: str, message: str, *, status: int) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


def guard_of(deps: Deps) -> Guard:
    """Says which addresses may be called here."""
    return Guard(Allowed.read(deps.settings.webhooks_allow))


async def add_webhook(
    deps: Deps, experience_id: UUID, *, url: str, events: Sequence[WebhookEvent], by: str
) -> tuple[Webhook, str]:
    """Register an address; answers the webhook and its secret, which is not shown again. Raises WebhookRefused."""
    if not events:
        raise WebhookRefused("webhook.no_events", "Choose at least one kind of event.", status=422)
    try:
        address = read_url(url)
        await guard_of(deps).addresses(address)
    except NotCallable as refused:
        raise WebhookRefused("webhook.url_refused", str(refused), status=422) from None
    secret = new_secret()
    async with deps.pool.acquire() as connection, connection.transaction():
        added = await queries.add_webhook(
            connection, experience_id=experience_id, url=str(address), events=sorted(set(events), reverse=True),
            secret=secret, most=MOST_WEBHOOKS,
        )  # fmt: skip
        if added is None:
            message = f"An experience has at most {MOST_WEBHOOKS} webhooks; delete one first."
            raise WebhookRefused("webhook.too_many", message, status=409)
        await note_action(connection, by, action="webhook.added", experience_id=experience_id)
        webhook = await queries.webhook_of(connection, experience_id=experience_id, id=added)
    return _webhook(webhook), secret


async def list_webhooks(deps: Deps, experience_id: UUID) -> list[Webhook]:
    """The webhooks of an experience, oldest first."""
    return [_webhook(row) async for row in queries.webhooks_of(deps.pool, experience_id=experience_id)]


async def find_webhook(deps: Deps, experience_id: UUID, webhook_id: UUID) -> Webhook | None:
    """One of them."""
    row = await queries.webhook_of(deps.pool, experience_id=experience_id, id=webhook_id)
    return _webhook(row) if row else None


async def delivery_log(deps: Deps, webhook_id: UUID, *, most: int = KEPT_ATTEMPTS) -> list[Attempt]:
    """The last attempts, newest first."""
    return [Attempt(**row) async for row in queries.newest_attempts(deps.pool, id=webhook_id, most=most)]


async def count_waiting(deps: Deps, webhook_id: UUID) -> int:
    """How many deliveries wait, counted up to a thousand."""
    return int(await queries.waiting_deliveries(deps.pool, id=webhook_id, most=_MOST_COUNTED))


async def send_test(deps: Deps, experience_id: UUID, webhook: Webhook, *, by: str) -> None:
    """Queue a test. It is tried once. Raises WebhookRefused."""
    body = body_of_test(experience_id, webhook.id, at=iso(now()))
    queued = await queries.queue_test(deps.pool, id=webhook.id, event_id=f"test/{uuid4()}", type=TEST, body=body)
    if queued is None:
        message = "It is switched off, or a test is on its way already; look at the delivery log."
        raise WebhookRefused("webhook.not_tested", message, status=409)
    await note_action(deps.pool, by, action="webhook.tested", experience_id=experience_id)


async def replace_secret(deps: Deps, experience_id: UUID, webhook: Webhook, *, by: str) -> str:
    """A new secret, which is not shown again. For a day both sign."""
    secret = new_secret()
    async with deps.pool.acquire() as connection, connection.transaction():
        await queries.replace_secret(connection, id=webhook.id, secret=secret, hours=OLD_SECRET_HOURS)
        await note_action(connection, by, action="webhook.secret_replaced", experience_id=experience_id)
    return secret


async def switch_webhook(deps: Deps, experience_id: UUID, webhook: Webhook, *, on: bool, by: str) -> None:
    """Switch it on or off; that it was so already is fine. What waits for one that is switched off is given up."""
    async with deps.pool.acquire() as connection, connection.transaction():
        if on:
            changed = await queries.switch_on(connection, id=webhook.id)
        elif changed := await queries.switch_off(connection, id=webhook.id, reason=OffReason.PERSON):
            await queries.give_up(connection, id=webhook.id)
        if changed:
            action = "webhook.switched_on" if on else "webhook.switched_off"
            await note_action(connection, by, action=action, experience_id=experience_id)


async def delete_webhook(deps: Deps, experience_id: UUID, webhook: Webhook, *, by: str) -> None:
    """Delete it, with its log and what waits."""
    async with deps.pool.acquire() as connection, connection.transaction():
        if await queries.delete_webhook(connection, id=webhook.id):
            await note_action(connection, by, action="webhook.deleted", experience_id=experience_id)


def _webhook(row: Mapping[str, Any]) -> Webhook:
    return Webhook(**{**row, "off_reason": row["off_reason"] and OffReason(row["off_reason"])})
