"""What intake listens to: checks, results and what became of emails."""

from typing import Any

import structlog

from services.intake.deps import Deps
from services.intake.ledger.keep import Kept, keep
from services.intake.ledger.keep_checks import RECORDS
from services.intake.ledger.keep_emails import keep_emails
from services.intake.ledger.keep_results import OUTCOMES
from shared.events import EmailSettled, RecordChecked, RecordProvisioned
from shared.kafka.consume import Batch, Subscription
from shared.topics import CHECKS, EMAILS, RESULTS

log = structlog.get_logger()


async def on_records_checked(batch: Batch[RecordChecked], deps: Deps) -> None:
    """Keep the records; the last one makes its import ready."""
    _answer(batch, await keep(deps, batch.events, RECORDS), deps=deps)


async def on_records_provisioned(batch: Batch[RecordProvisioned], deps: Deps) -> None:
    """Keep the outcomes; the last one finishes its import."""
    _answer(batch, await keep(deps, batch.events, OUTCOMES), deps=deps)


async def on_emails_settled(batch: Batch[EmailSettled], deps: Deps) -> None:
    """Keep what became of welcome mails."""
    _answer(batch, await keep_emails(deps, batch.events), deps=deps)


def _answer(batch: Batch[Any], kept: Kept, *, deps: Deps) -> None:
    for index in kept.unknown:
        batch.reject(index, "import.unknown")
    for index in kept.unasked:
        batch.reject(index, "record.unknown")
    for index in kept.untimely:
        batch.reject(index, "event.bad_time")
    for import_id, status in kept.turned:
        log.info("import.turned", import_id=str(import_id), status=status)
        deps.wake_all()  # one that runs by itself is work, too
    if kept.records < len(batch.events):
        log.info(
            "batch.kept_in_part",
            records=kept.records,
            ignored=kept.ignored,
            unknown=len(kept.unknown) + len(kept.unasked) + len(kept.untimely),
        )


SUBSCRIPTIONS: tuple[Subscription[Any, Deps], ...] = (
    Subscription(topic=CHECKS, handler=on_records_checked),
    Subscription(topic=RESULTS, handler=on_records_provisioned),
    Subscription(topic=EMAILS, handler=on_emails_settled),
)
