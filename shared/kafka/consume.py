"""Batches of events to a handler, each committed after its work is done. A record that nobody can read goes to the
topic's dead letters and the rest goes on; a handler that raises gets the same batch again after a while."""

import asyncio
import dataclasses
import random
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import asyncpg
import msgspec
import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faststream.kafka.message import KafkaAckableMessage
from faststream.message import AckStatus

from shared.events import Codec
from shared.kafka.brake import Brake
from shared.kafka.message import dead_letter, origin_of
from shared.kafka.poll import PollingConsumer
from shared.kafka.publish import Publisher
from shared.kafka.unpack import NOT_UNPACKED, UnreadableRecord
from shared.metrics import BATCH_FAILURES, BATCH_SECONDS, COMMIT_FAILURES, DEAD_LETTERS, EVENTS, REBALANCES
from shared.topics import Topic
from shared.traces import batch_span

log = structlog.get_logger()

E = TypeVar("E")
D = TypeVar("D")

BACK_OFF_SECONDS = (0.5, 5.0)  # after the first failed batch in a row, and at most

# What the values of an event can do to a handler or to the database. Anything else means that something is down.
_DATA_ERRORS = (
    ValueError,
    LookupError,
    ArithmeticError,
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,  # such as a key too long for its index
)


@dataclass(slots=True)
class Batch(Generic[E]):
    """Decoded events in order, with the records they came from; both lists have the same length."""

    events: list[E]
    records: list[ConsumerRecord]
    rejected: dict[int, str] = dataclasses.field(default_factory=dict)

    def reject(self, index: int, reason: str) -> None:
        """Send this event to the dead letters once the handler returns. `reason` is a stable dotted code."""
        self.rejected[index] = reason

    def part(self, start: int, end: int) -> "Batch[E]":
        """Some of it, as a batch of its own."""
        return Batch(self.events[start:end], self.records[start:end])


Handler = Callable[[Batch[E], D], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription(Generic[E, D]):
    """Which events a service handles, and how many at most at once."""

    topic: Topic
    handler: Handler[E, D]
    max_records: int = 2000


class BatchMessage(KafkaAckableMessage):
    """FastStream's message for one poll. Commits and goes back exactly for the records of this batch."""

    consumer: PollingConsumer
    topic: Topic

    async def ack(self) -> None:
        """Commit the offset after each partition's last record."""
        if self.committed is None:
            ends = {partition: records[-1].offset + 1 for partition, records in self._by_partition().items()}
            await self._commit({tp: end for tp, end in ends.items() if tp in self.consumer.assignment()})
        self.committed = self.committed or AckStatus.ACKED
        self._let_go()

    async def nack(self) -> None:
        """Go back to each partition's first record, where it is still ours."""
        if self.committed is None:
            for partition, records in self._by_partition().items():
                if partition in self.consumer.assignment():
                    self.consumer.seek(partition, records[0].offset)
        self.committed = self.committed or AckStatus.NACKED
        self._let_go()

    async def reject(self) -> None:
        """Nothing is thrown away here: the same as `nack`."""
        await self.nack()

    def _let_go(self) -> None:
        """Of the records. asyncio keeps cancelled timers for minutes, and with their contexts whatever FastStream had there:
        this message."""
        self.raw_message = self.body = ()
        self.clear_cache()

    async def _commit(self, ends: dict[TopicPartition, int]) -> None:
        started = time.monotonic()
        try:
            if ends:
                await self.consumer.commit(ends)
        except (KafkaError, asyncio.CancelledError) as error:
            stray_or_raise(error)
            # The records come again to whoever has the partition then; every handler is idempotent.
            COMMIT_FAILURES.labels(self.topic.name).inc()
            log.warning("batch.not_committed", error=type(error).__name__)
        BATCH_SECONDS.labels(self.topic.name, "commit").observe(time.monotonic() - started)

    def _by_partition(self) -> dict[TopicPartition, list[ConsumerRecord]]:
        parts: dict[TopicPartition, list[ConsumerRecord]] = {}
        for record in self.raw_message:
            parts.setdefault(TopicPartition(record.topic, record.partition), []).append(record)
        return parts


class Consumption(Generic[E, D]):
    """One subscription at work: reads, hands over, buries, counts."""

    def __init__(
        self, subscription: Subscription[E, D], deps: D, *, name: str, group: str, dead_letters: Publisher
    ) -> None:
        self.topic = subscription.topic
        self.topic_name = name  # with its prefix
        self.group = group
        self.brake = Brake()
        self.handled_at = time.monotonic()  # when a batch was last tried
        self._handler = subscription.handler
        self._deps = deps
        self._decode = Codec(subscription.topic.event).decode
        self._dead_letters = dead_letters
        self.trouble = ""  # class of the last error, once a batch has failed again
        self._failures = 0
        _tell_from_the_start(self.topic.name)

    async def on_records(self, records: tuple[ConsumerRecord, ...], consumer: PollingConsumer) -> None:
        """Handle one poll; raises to get the same records again, after a while."""
        started = time.monotonic()
        batch, dead = self._read(records)
        decoded = time.monotonic()
        try:
            if batch.events:
                with batch_span(f"handle {self.topic.name}", batch.events):
                    dead += await self._handle(batch, consumer)
            await self._bury(dead)
        except (Exception, asyncio.CancelledError) as error:
            stray_or_raise(error)
            self._back_off(error, len(records), consumer)
            raise BatchFailedError from None
        finally:
            self.handled_at = time.monotonic()
        self._failures, self.trouble = 0, ""
        self._count(len(records), len(dead), decoding=decoded - started, handling=time.monotonic() - decoded)
        if seconds := self.brake.pause_after(len(records), len(dead)):
            log.error("consumer.braked", topic=self.topic.name, unreadable=self.brake.unreadable, seconds=seconds)
            consumer.hold(seconds)

    def _read(self, records: tuple[ConsumerRecord, ...]) -> tuple[Batch[E], list[tuple[ConsumerRecord, str]]]:
        batch: Batch[E] = Batch([], [])
        dead = []
        decode = self._decode
        for record in records:
            if record.value is None and self.topic.compacted:
                continue  # what was said under this key was taken back, so that nothing of it is kept
            try:
                batch.events.append(decode(record.value))
            except Exception as error:  # hostile bytes reach more than ValueError: recursion, memory, huge numbers
                dead.append((record, _why_unreadable(record, error)))
            else:
                batch.records.append(record)
        return batch, dead

    async def _handle(
        self, batch: Batch[E], consumer: PollingConsumer, tries: int = 2
    ) -> list[tuple[ConsumerRecord, str]]:
        """The handler's rejects. A batch with an event that the handler or the database cannot take is halved until
        that event is alone; work that was done twice on the way is the handler's to be idempotent about."""
        consumer.polled_at = time.monotonic()
        try:
            await self._handler(batch, self._deps)
        except _DATA_ERRORS as error:
            if isinstance(error, OSError):
                raise  # a certificate error is a ValueError too
            count = len(batch.events)
            if count == 1 and tries > 1:  # a key that another transaction took meanwhile is there now
                return await self._handle(batch.part(0, 1), consumer, tries - 1)
            if count == 1:
                log.error("event.not_handled", topic=self.topic.name, error=type(error).__name__, at=where(error))
                return [(batch.records[0], "event.not_handled")]
            first = await self._handle(batch.part(0, count // 2), consumer)
            return first + await self._handle(batch.part(count // 2, count), consumer)
        return [(batch.records[index], reason) for index, reason in batch.rejected.items()]

    async def _bury(self, dead: list[tuple[ConsumerRecord, str]]) -> None:
        if not dead:
            return
        letters = [dead_letter(origin_of(r, self.group), reason, r.key, r.value) for r, reason in dead]
        await self._dead_letters.publish(self.topic.dead, letters)
        for _, reason in dead:
            DEAD_LETTERS.labels(self.topic.name, reason).inc()

    def _back_off(self, error: BaseException, size: int, consumer: PollingConsumer) -> None:
        first, most = BACK_OFF_SECONDS
        seconds = min(most, first * 2**self._failures) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads replicas
        self.trouble = type(error).__name__ if self._failures else ""
        self._failures = min(self._failures + 1, 10)
        BATCH_FAILURES.labels(self.topic.name).inc()
        log.warning(
            "batch.put_back", topic=self.topic.name, size=size, error=type(error).__name__, at=where(error),
            seconds=round(seconds, 1),
        )  # fmt: skip
        consumer.hold(seconds)

    def _count(self, size: int, rejected: int, *, decoding: float, handling: float) -> None:
        topic, seconds = self.topic.name, round(decoding + handling, 4)
        EVENTS.labels(topic, "handled").inc(size - rejected)
        EVENTS.labels(topic, "dead").inc(rejected)
        BATCH_SECONDS.labels(topic, "decode").observe(decoding)
        BATCH_SECONDS.labels(topic, "handle").observe(handling)
        log.info("batch.handled", topic=topic, size=size, rejected=rejected, seconds=seconds)


def _tell_from_the_start(topic: str) -> None:
    """Counters that are nothing yet: an increase from not being there to one is not seen."""
    for counter in (BATCH_FAILURES, COMMIT_FAILURES, REBALANCES):
        counter.labels(topic)
    for outcome in ("handled", "dead"):
        EVENTS.labels(topic, outcome)


class BatchFailedError(Exception):
    """The batch is put back. Says nothing more: what happened is logged, without the values of events."""


def stray_or_raise(error: BaseException) -> None:
    """Raise a cancellation that was meant for this task. One that leaked out of a future or a pool is an error like any
    other; let through, it would end the consuming task while the process lives on."""
    task = asyncio.current_task()
    if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
        raise error


def _why_unreadable(record: ConsumerRecord, error: Exception) -> str:
    if isinstance(record, UnreadableRecord):
        return NOT_UNPACKED
    if not record.value:
        return "event.empty"
    if isinstance(error, msgspec.ValidationError):
        return "event.wrong_shape"
    if isinstance(error, msgspec.DecodeError | UnicodeDecodeError):
        return "event.not_json"
    return "event.unreadable"


def where(error: BaseException) -> str:
    """File, line and function of an error's last steps; never the message, which may quote values."""
    steps = traceback.extract_tb(error.__traceback__)[-3:]
    return " < ".join(f"{step.filename.rpartition('/')[2]}:{step.lineno} {step.name}" for step in reversed(steps))
