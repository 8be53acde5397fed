"""What the provisioner does with the events it hears: one batch in, one transaction, one batch of results out."""

from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog

from services.provisioner import store
from services.provisioner.outcome import flaw, is_id
from services.provisioner.provision import provision
from shared.events import ImportChanged, LifecycleType, RecordApproved
from shared.kafka.consume import Batch, Subscription
from shared.kafka.publish import Message, Publisher
from shared.metrics import RECORDS_PROVISIONED
from shared.topics import APPROVALS, LIFECYCLE, RESULTS

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Deps:
    """What the handlers work with."""

    pool: asyncpg.Pool
    publisher: Publisher


async def on_records_approved(batch: Batch[RecordApproved], deps: Deps) -> None:
    """Provision the batch and tell the result of every record, also of those answered before: the answer may have been
    lost on its way. Results keep their record's partition, so that a person's events stay in order."""
    flaws = [flaw(approval) for approval in batch.events]
    for index, reason in enumerate(flaws):
        if reason:
            batch.reject(index, reason)
    sound = [index for index, reason in enumerate(flaws) if not reason]
    if not sound:
        return
    answers = await provision(deps.pool, [batch.events[index] for index in sound])
    records = [batch.records[index] for index in sound]
    await deps.publisher.publish(
        RESULTS,
        [
            Message(record.key or b"", event, record.partition)
            for record, event in zip(records, answers.events, strict=True)
        ],
    )
    outcomes = {outcome.value: count for outcome, count in answers.outcomes.items()}
    for outcome, count in outcomes.items():
        RECORDS_PROVISIONED.labels(outcome).inc(count)
    log.info("batch.provisioned", repeated=answers.repeated, **outcomes)


async def on_imports_changed(batch: Batch[ImportChanged], deps: Deps) -> None:
    """Remember imports whose Run is being stopped."""
    cancelling = {}
    for index, event in enumerate(batch.events):
        if event.type is LifecycleType.CANCELLING:
            if is_id(event.import_id):
                cancelling[event.import_id] = event
            else:
                batch.reject(index, "lifecycle.import_id_invalid")
    if cancelling:
        await store.remember_cancelled(deps.pool, list(cancelling))
        log.info("run.cancelling", import_ids=list(cancelling))


SUBSCRIPTIONS: tuple[Subscription[Any, Deps], ...] = (
    Subscription(topic=APPROVALS, handler=on_records_approved),
    Subscription(topic=LIFECYCLE, handler=on_imports_changed),
)
