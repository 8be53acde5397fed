"""What an intake process does without being asked: work on imports, relay the outbox, index words, sweep files,
send to webhooks."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from services.intake.deps import Deps
from services.intake.records.index_words import index_words
from services.intake.retention import limits
from services.intake.upload.sweep_files import sweep_files
from services.intake.webhooks.send import WebhookSender
from services.intake.work.claim_work import Worker
from shared.postgres.outbox import relay_outbox
from shared.postgres.retention import apply_retention


def background_loops(deps: Deps, worker: Worker) -> Sequence[Callable[[], Awaitable[None]]]:
    """The loops that run as long as the process does."""
    return (
        worker.run,
        partial(relay_outbox, deps.pool, deps.publisher, deps.wake_outbox),
        partial(index_words, deps, lambda: worker.is_busy),
        partial(sweep_files, deps),
        partial(apply_retention, deps.pool, limits(deps)),
        WebhookSender(deps).run,
    )
