"""Tells others what became of mails: EmailSettled events on `imports.emails`."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import asyncpg
import structlog
from aiokafka.errors import KafkaError

from services.notifier.store import Store, patiently
from shared.clock import iso
from shared.events import EmailKind, EmailSettled, EmailStatus, encode
from shared.kafka.publish import Message, Publisher
from shared.topics import EMAILS

log = structlog.get_logger()

TELL_MAILS = 1000
POLL_SECONDS = 1.0
AWAY_SECONDS = 2.0


async def tell_settled(store: Store, publisher: Publisher, settled: asyncio.Event) -> None:
    """Publish what is settled, for ever. A crash between the acknowledgement and the mark tells the same fact twice."""
    while True:
        settled.clear()
        try:
            told = await _tell_some(store, publisher)
        except KafkaError as error:
            log.warning("emails.not_told", error=type(error).__name__)
            await asyncio.sleep(AWAY_SECONDS)
            continue
        if told < TELL_MAILS:
            with suppress(TimeoutError):
                await asyncio.wait_for(settled.wait(), POLL_SECONDS)


async def _tell_some(store: Store, publisher: Publisher) -> int:
    rows = await patiently(lambda: store.to_tell(TELL_MAILS))
    if rows:
        await publisher.publish(EMAILS, messages(rows))
        await patiently(lambda: store.mark_told([(row["id"], row["settled_at"]) for row in rows]))
        log.info("emails.told", emails=len(rows))
    return len(rows)


def messages(rows: Sequence[asyncpg.Record]) -> list[Message]:
    """An EmailSettled event for each settled mail, keyed by its import."""
    return [Message(row["import_id"].encode(), encode(_event(row))) for row in rows]


def _event(row: asyncpg.Record) -> EmailSettled:
    kind = EmailKind(row["kind"])
    return EmailSettled(
        import_id=row["import_id"],
        kind=kind,
        status=EmailStatus(row["status"]),
        at=iso(row["settled_at"]),
        row=row["row"] if kind is EmailKind.WELCOME else None,
        account_id=row["account_id"],
        reason=row["reason"],
    )
