"""Noting what webhooks are to be told, in the transaction of what it tells. Sending is the background's (send.py)."""

from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from services.intake.webhooks.payload import OF_TURN, body_of
from services.intake.webhooks.webhook_queries import queries
from shared.events import ImportChanged


async def queue_deliveries(connection: PoolConnectionProxy, event: ImportChanged) -> None:
    """Queue a turn of an import for the webhooks of its experience that want it, once for each, if and when the caller's
    transaction commits."""
    if event.type in OF_TURN:
        await queries.queue_for_experience(
            connection, experience_id=UUID(event.experience_id), event_id=event.id, type=OF_TURN[event.type],
            body=body_of(event),
        )  # fmt: skip
