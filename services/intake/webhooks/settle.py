"""Writing down what came of an attempt: the delivery, the log, and what it says about the webhook."""

from enum import StrEnum
from uuid import UUID

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy

from services.intake.webhooks.payload import TEST
from services.intake.webhooks.post import GONE, Answer
from services.intake.webhooks.register import KEPT_ATTEMPTS
from services.intake.webhooks.retries import FAILING_DAYS, pause_after
from services.intake.webhooks.webhook import OffReason
from services.intake.webhooks.webhook_queries import queries
from shared.metrics import WEBHOOK_ATTEMPTS, WEBHOOKS_SWITCHED_OFF

log = structlog.get_logger()

_KEPT_DELIVERIES = 100  # settled ones, of a webhook


class DeliveryStatus(StrEnum):
    """What became of a delivery."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"  # tried for too long, or the webhook was switched off


async def settle(pool: asyncpg.Pool, delivery: asyncpg.Record, answer: Answer, *, dice: float) -> None:
    """In one transaction. When another process has settled the same attempt meanwhile, that stands."""
    webhook_id: UUID = delivery["webhook_id"]
    attempts = delivery["attempts"] + 1
    pause = None if delivery["type"] == TEST else pause_after(attempts, waited=delivery["waited"], dice=dice)
    status = _status(answer, pause)
    async with pool.acquire() as connection, connection.transaction():
        await queries.lock_webhook(connection, id=webhook_id)
        settled = await queries.settle_delivery(
            connection, id=delivery["id"], attempts=delivery["attempts"], status=status, pause=pause or 0.0
        )
        if settled is None:
            return
        await queries.note_attempt(
            connection, webhook_id=webhook_id, event_id=delivery["event_id"], type=delivery["type"],
            http_status=answer.status, error=answer.error,
            next_at=settled["next_at"] if status is DeliveryStatus.WAITING else None,
        )  # fmt: skip
        off = await _judge(connection, webhook_id, answer)
        await queries.trim_attempts(connection, id=webhook_id, keep=KEPT_ATTEMPTS)
        await queries.trim_deliveries(connection, id=webhook_id, keep=_KEPT_DELIVERIES)
    _tell(delivery, answer, status, off)


def _status(answer: Answer, pause: float | None) -> DeliveryStatus:
    if answer.accepted:
        return DeliveryStatus.DELIVERED
    return DeliveryStatus.FAILED if pause is None or answer.status == GONE else DeliveryStatus.WAITING


async def _judge(connection: PoolConnectionProxy, webhook_id: UUID, answer: Answer) -> OffReason | None:
    """Switch off a webhook whose server wants no more, or that does nothing but fail for days; answers why."""
    if answer.accepted:
        await queries.note_success(connection, id=webhook_id)
        return None
    worn_out = await queries.note_failure(connection, id=webhook_id, days=FAILING_DAYS)
    if answer.status != GONE and not worn_out:
        return None
    reason = OffReason.GONE if answer.status == GONE else OffReason.FAILING
    await queries.switch_off(connection, id=webhook_id, reason=reason)
    await queries.give_up(connection, id=webhook_id)
    return reason


def _tell(delivery: asyncpg.Record, answer: Answer, status: DeliveryStatus, off: OffReason | None) -> None:
    result = "put_off" if status is DeliveryStatus.WAITING else status.value
    WEBHOOK_ATTEMPTS.labels(result).inc()
    ids = {"webhook_id": str(delivery["webhook_id"]), "event_id": delivery["event_id"]}
    log.info("webhook.attempted", result=result, http_status=answer.status, error=answer.error, **ids)
    if off:
        WEBHOOKS_SWITCHED_OFF.labels(off).inc()
        log.warning("webhook.switched_off", reason=off, webhook_id=ids["webhook_id"])
