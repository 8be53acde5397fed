"""Keyed batches onto topics: one batch per partition, all acknowledged by all replicas before publish returns.
A producer that met an error it does not survive is replaced; a record that is too large becomes a dead letter."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError
from aiokafka.producer.message_accumulator import BatchBuilder

from shared.kafka.connect import connection
from shared.kafka.message import Message as Message
from shared.kafka.message import Origin, dead_letter, fits
from shared.kafka.partition import partition_of as partition_of
from shared.metrics import DEAD_LETTERS, PRODUCER_REPLACED, PUBLISH_SECONDS, PUBLISHED
from shared.settings import KafkaSettings
from shared.topics import Topic

log = structlog.get_logger()

BATCH_BYTES = 512 * 1024  # before compression; one open batch per partition
ACK_SECONDS = 120.0  # a broker that is away is waited for this long; then the caller's batch is put back
STOP_SECONDS = 5.0

_NO_HEADERS: list[tuple[str, bytes]] = []


class Publisher:
    """Publishes from any number of tasks. Batches of one partition queue up, so that their order is the callers'."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._prefix = settings.topic_prefix
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._turns: defaultdict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def publish(self, topic: Topic, messages: Sequence[Message]) -> None:
        """Put the messages onto the topic (without prefix); returns when all are acknowledged. Raises KafkaError when
        some may not be: publish all of them again."""
        if not messages:
            return
        small, large = _by_size(messages)
        if large:
            await self._bury(topic, large)
        if small:
            await self._publish(topic, small)

    async def connect(self) -> None:
        """Be ready before the first message. Raises KafkaError when no broker answers."""
        await self._usable_producer()

    def is_dead(self) -> bool:
        """Whether the sending task ended by itself: nothing of this producer will be acknowledged again."""
        return self._producer is not None and _sender_ended(self._producer)

    async def stop(self) -> None:
        """Send what is queued and close, in bounded time."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _close(producer)

    async def _publish(self, topic: Topic, messages: Sequence[Message]) -> None:
        producer = await self._usable_producer()
        name = self._prefix + topic.name
        started = time.monotonic()
        try:
            partitions = _by_partition(messages, len(await producer.partitions_for(name)))
            async with asyncio.timeout(ACK_SECONDS):
                if len(partitions) == 1:
                    await self._send(producer, name, *partitions.popitem())
                else:
                    sends = [self._send(producer, name, number, those) for number, those in partitions.items()]
                    _raise_first(await asyncio.gather(*sends, return_exceptions=True))
        except TimeoutError:
            await self._replace(producer, KafkaTimeoutError("no acknowledgement"))
            raise KafkaTimeoutError("no acknowledgement") from None
        except KafkaError as error:
            if not error.retriable:
                await self._replace(producer, error)
            raise
        PUBLISHED.labels(topic.name).inc(len(messages))
        PUBLISH_SECONDS.labels(topic.name).observe(time.monotonic() - started)

    async def _send(self, producer: AIOKafkaProducer, name: str, partition: int, messages: list[Message]) -> None:
        """One partition's share. Two tasks adding batches of one partition at once would break aiokafka's time-outs
        and mix their order, hence the lock; acknowledgements are awaited outside of it."""
        acknowledgements = []
        async with self._turns[name, partition]:
            for batch in _batches(producer, messages):
                acknowledgements.append(await producer.send_batch(batch, name, partition=partition))
        _raise_first(await asyncio.gather(*acknowledgements, return_exceptions=True))

    async def _bury(self, topic: Topic, messages: list[Message]) -> None:
        name, reason = self._prefix + topic.name, "event.too_large"
        await self._publish(topic.dead, [dead_letter(Origin(name), reason, m.key, m.value) for m in messages])
        DEAD_LETTERS.labels(topic.name, reason).inc(len(messages))
        log.error("event.too_large", topic=topic.name, events=len(messages))

    async def _usable_producer(self) -> AIOKafkaProducer:
        async with self._starting:
            if self.is_dead():
                await self._discard("SenderEnded")
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **connection(self._settings),
                    acks="all",
                    enable_idempotence=True,
                    compression_type="zstd",
                    max_batch_size=BATCH_BYTES,
                )
                try:
                    await producer.start()
                except BaseException:
                    await _close(producer)
                    raise
                self._producer = producer
            return self._producer

    async def _replace(self, producer: AIOKafkaProducer, error: KafkaError) -> None:
        """After an error that left a gap in its sequence numbers, a producer never gets through again."""
        async with self._starting:
            if self._producer is producer:
                await self._discard(type(error).__name__)

    async def _discard(self, why: str) -> None:
        bad, self._producer = self._producer, None
        PRODUCER_REPLACED.inc()
        log.warning("producer.replaced", error=why)
        if bad is not None:
            await _close(bad)


@asynccontextmanager
async def open_publisher(settings: KafkaSettings) -> AsyncIterator[Publisher]:
    """A publisher for as long as the service runs. It connects when it is first used, or when the service starts."""
    publisher = Publisher(settings)
    try:
        yield publisher
    finally:
        await publisher.stop()


def _by_size(messages: Sequence[Message]) -> tuple[Sequence[Message], list[Message]]:
    large = [message for message in messages if not fits(message)]
    return ([message for message in messages if fits(message)], large) if large else (messages, large)


def _by_partition(messages: Sequence[Message], partitions: int) -> dict[int, list[Message]]:
    shares: defaultdict[int, list[Message]] = defaultdict(list)
    for message in messages:
        partition = message.partition
        if partition is None or partition >= partitions:
            partition = partition_of(message.key or b"", partitions)
        shares[partition].append(message)
    return shares


def _batches(producer: AIOKafkaProducer, messages: list[Message]) -> Iterator[BatchBuilder]:
    now = int(time.time() * 1000)
    batch = producer.create_batch()
    for message in messages:
        if not _append(batch, message, now):  # full
            yield batch
            batch = producer.create_batch()
            _append(batch, message, now)  # the first one is always taken
    batch.close()
    yield batch


def _append(batch: BatchBuilder, message: Message, timestamp: int) -> bool:
    headers = list(message.headers) if message.headers else _NO_HEADERS
    return batch.append(key=message.key, value=message.value, timestamp=timestamp, headers=headers) is not None


def _raise_first(results: Sequence[object]) -> None:
    """Raise what went wrong, first what no retry will cure. All results are looked at, so that none is left unread."""
    errors = [result for result in results if isinstance(result, BaseException)]
    errors.sort(key=lambda error: isinstance(error, KafkaError) and error.retriable)
    if errors and isinstance(errors[0], asyncio.CancelledError):
        raise KafkaTimeoutError("the producer was closed")  # its futures were cancelled, not this task
    if errors:
        raise errors[0]


def _sender_ended(producer: AIOKafkaProducer) -> bool:
    task = producer._sender.sender_task
    return task is not None and task.done()


async def _close(producer: AIOKafkaProducer) -> None:
    """Stop it, and if its queue cannot be sent, cut its connections: its tasks must not outlive it."""
    try:
        await asyncio.wait_for(producer.stop(), STOP_SECONDS)
    except (TimeoutError, KafkaError):
        with suppress(Exception):
            await asyncio.wait_for(producer._sender.close(), STOP_SECONDS)
        with suppress(Exception):
            await asyncio.wait_for(producer.client.close(), STOP_SECONDS)
