"""The webhooks of an experience: registered and looked at. What is done with one stands in own_webhook.py."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.intake.deps import Deps
from services.intake.users.people import note_action
from services.intake.webhooks.addresses import Allowed, Guard, NotCallable, read_url
from services.intake.webhooks.payload import WebhookEvent
from services.intake.webhooks.sign import new_secret
from services.intake.webhooks.webhook import Attempt, OffReason, Webhook
from services.intake.webhooks.webhook_queries import queries

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


def _webhook(row: Mapping[str, Any]) -> Webhook:
    return Webhook(**{**row, "off_reason": row["off_reason"] and OffReason(row["off_reason"])})
