"""What the validator does with a batch of each topic. A bad event goes to the dead letters; the rest of its batch goes on."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from services.validator.check_rows import Judged, check_row, judge_row
from services.validator.duplicates import Candidate
from services.validator.facts import BadEventError, Facts, tell_change, tell_result, uuid_text
from services.validator.plan import People
from services.validator.store import Store
from shared.events import (
    DirectoryChanged,
    ImportChanged,
    LifecycleType,
    RecordChecked,
    RecordProvisioned,
    RowRead,
    encode,
)
from shared.kafka.consume import Batch, Subscription
from shared.kafka.publish import Message, Publisher
from shared.metrics import RECORDS_CHECKED
from shared.topics import CHECKS, DIRECTORY, LIFECYCLE, RESULTS, ROWS

E = TypeVar("E")

log = structlog.get_logger()

OVER = frozenset((LifecycleType.READY, LifecycleType.CANCELLED, LifecycleType.REJECTED, LifecycleType.COMPLETED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """What the consumers work with."""

    store: Store
    publisher: Publisher


async def on_rows_read(batch: Batch[RowRead], deps: Deps) -> None:
    """Answer every row with its record, also rows that come again: only the answer that intake has stored counts."""
    checked = await check_rows(judge_rows(batch), deps.store)
    records = batch.records
    messages = [Message(records[at].key or b"", encode(record), records[at].partition) for at, record in checked]
    await deps.publisher.publish(CHECKS, messages)
    for status, count in Counter(record.status.value for _, record in checked).items():
        RECORDS_CHECKED.labels(status).inc(count)
    log.info("batch.checked", rows=len(batch.events), checked=len(checked))


def judge_rows(batch: Batch[RowRead]) -> list[Judged]:
    """The rows judged by themselves, without those that are none of ours."""
    judged = []
    for index, event in enumerate(batch.events):
        try:
            judged.append(judge_row(index, event))
        except BadEventError as bad:
            batch.reject(index, bad.args[0])
        except Exception as error:  # a hole in a rule must cost one row, not the batch for ever
            log.error("row.not_checked", error=type(error).__name__, import_id=event.import_id, row=event.row)
            batch.reject(index, "row.not_checked")
    return judged


async def check_rows(rows: Sequence[Judged], store: Store) -> list[tuple[int, RecordChecked]]:
    """The records of judged rows with their places in the batch, after asking the store once about all of them."""
    candidates = [Candidate(row.event.import_id, row.key, row.event.row) for row in rows if row.key]
    first_rows = iter(await store.first_rows(candidates)) if candidates else iter(())
    people = await people_of(rows, store)
    return [
        (row.position, check_row(row, next(first_rows) if row.key else 0, people[row.event.experience_id]))
        for row in rows
    ]


async def people_of(rows: Sequence[Judged], store: Store) -> dict[str, People]:
    """Who of the rows' people is known, by experience."""
    keys: dict[str, list[str]] = {}
    for row in rows:
        of_experience = keys.setdefault(row.event.experience_id, [])
        if row.key:
            of_experience.append(row.event.email_key)
    return {experience_id: await store.people(experience_id, wanted) for experience_id, wanted in keys.items()}


async def on_records_provisioned(batch: Batch[RecordProvisioned], deps: Deps) -> None:
    """Learn who has an account and is a learner now."""
    await _learn(batch, deps.store, tell_result)


async def on_directory_changed(batch: Batch[DirectoryChanged], deps: Deps) -> None:
    """Learn what changed by something else than an import."""
    await _learn(batch, deps.store, tell_change)


async def _learn(batch: Batch[E], store: Store, tell: Callable[[Facts, E], None]) -> None:
    facts = Facts()
    for index, event in enumerate(batch.events):
        try:
            tell(facts, event)
        except BadEventError as bad:
            batch.reject(index, bad.args[0])
    await store.learn(facts)
    log.info("batch.learned", accounts=len(facts.accounts), memberships=len(facts.memberships))


async def on_imports_changed(batch: Batch[ImportChanged], deps: Deps) -> None:
    """Forget the emails of imports that are checked, or that end."""
    over = set()
    for index, event in enumerate(batch.events):
        try:
            if event.type in OVER:
                over.add(uuid_text(event.import_id))
        except BadEventError as bad:
            batch.reject(index, bad.args[0])
    if over:
        await deps.store.forget(sorted(over))
        log.info("imports.forgotten", imports=len(over))


SUBSCRIPTIONS: tuple[Subscription[Any, Deps], ...] = (
    Subscription(topic=ROWS, handler=on_rows_read),
    Subscription(topic=RESULTS, handler=on_records_provisioned),
    Subscription(topic=DIRECTORY, handler=on_directory_changed),
    Subscription(topic=LIFECYCLE, handler=on_imports_changed),
)
