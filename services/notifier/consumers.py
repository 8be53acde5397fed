"""What the notifier does with a batch: queue mails. Nothing here talks to the mail server."""

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog

from services.notifier.mails import import_facts, resends, welcome_mails
from services.notifier.store import Store
from shared.events import ImportChanged, RecordProvisioned
from shared.kafka.consume import Batch, Subscription
from shared.kafka.publish import Publisher
from shared.topics import LIFECYCLE, RESULTS

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """What the handlers work with."""

    store: Store
    publisher: Publisher  # of the mails' outcomes; here so that the health check sees it
    queued: asyncio.Event  # set when there may be mails to send


async def on_records_provisioned(batch: Batch[RecordProvisioned], deps: Deps) -> None:
    """Queue a welcome mail for every account that was created."""
    mails, refused = welcome_mails(batch.events)
    for index, reason in refused:
        batch.reject(index, reason)
    if mails:
        added = await deps.store.queue_welcomes(mails)
        deps.queued.set()
        log.info("welcomes.queued", created=len(mails), added=added)


async def on_imports_changed(batch: Batch[ImportChanged], deps: Deps) -> None:
    """Keep what the mails need to know of their imports; queue the finish mails, and the welcome mails that were held and
    are released, or that failed and are asked for again."""
    facts, finishes, refused = import_facts(batch.events)
    asked_again, refused_too = resends(batch.events)
    for index, reason in refused + refused_too:
        batch.reject(index, reason)
    if facts:
        await deps.store.keep_imports(facts, finishes)
        deps.queued.set()
        log.info("imports.known", imports=len(facts), finished=len(finishes))
    for import_id in (known.id for known in facts if known.released):
        mails = await deps.store.release_held(import_id)
        deps.queued.set()
        log.info("welcomes.released", import_id=str(import_id), mails=mails)
    for resend in asked_again:
        mails = await deps.store.queue_failed(resend)
        deps.queued.set()
        log.info("welcomes.asked_again", import_id=str(resend.import_id), mails=mails)


SUBSCRIPTIONS: tuple[Subscription[Any, Deps], ...] = (
    Subscription(topic=LIFECYCLE, handler=on_imports_changed, max_records=500),
    Subscription(topic=RESULTS, handler=on_records_provisioned),
)
