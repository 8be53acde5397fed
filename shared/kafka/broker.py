"""FastStream's broker with the settings that lose nothing, one batch subscriber per subscription of a service."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.subscriber.usecase import BatchSubscriber

from shared.kafka.connect import connection
from shared.kafka.consume import BatchMessage, Consumption, Subscription
from shared.kafka.poll import PollingConsumer
from shared.kafka.publish import Publisher
from shared.metrics import REBALANCES
from shared.settings import ServiceSettings

log = structlog.get_logger()

DRAIN_SECONDS = 50.0  # a revoked partition waits for the batch in flight; less than the rebalance time-out
REBALANCE_MS = 60_000
SESSION_MS = 30_000
FETCH_BYTES = 4 * 1024 * 1024  # of one partition, before decompression


class Consumer:
    """One subscription and its FastStream subscriber."""

    def __init__(self, consumption: Consumption[Any, Any]) -> None:
        self.consumption = consumption
        self.subscriber: BatchSubscriber | None = None

    @property
    def polling(self) -> PollingConsumer | None:
        """The consumer at work; None before it has started."""
        return self.subscriber.consumer if self.subscriber else None


class SafeBroker(KafkaBroker):
    """A broker that only consumes, with our consumer class."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._arguments = connection(settings)
        super().__init__(
            self._arguments["bootstrap_servers"],
            consumer_only=True,
            allow_auto_create_topics=False,
            apply_types=False,
            graceful_timeout=settings.stop_seconds,
            logger=None,  # it would log the text of exceptions, which may quote values
        )
        self.consumers: list[Consumer] = []

    async def _connect(self) -> Any:
        await super()._connect()
        self.config.broker_config.builder = partial(PollingConsumer, **self._arguments)
        return self.config.broker_config.builder

    async def start(self) -> None:
        """All subscribers at once: each waits for its group, which may take seconds."""
        await self.connect()
        results = await asyncio.gather(*(sub.start() for sub in self.subscribers), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def stop_polling(self) -> None:
        """Take no new batch; those in flight go on."""
        for subscriber in self.subscribers:
            subscriber.running = False


class Drain(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka is untyped
    """Keeps a partition until its batch in flight is handled and committed, so that nobody does it again."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Called before the group is joined again, and awaited."""
        if revoked and self._consumer.subscriber is not None:
            REBALANCES.labels(self._consumer.consumption.topic.name).inc()
            await self._consumer.subscriber.lock.wait_release(DRAIN_SECONDS)  # type: ignore[attr-defined] # MultiLock once started

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Say who has what."""
        topic = self._consumer.consumption.topic.name
        log.info("partitions.assigned", topic=topic, partitions=sorted(tp.partition for tp in assigned))


def open_broker(
    service: str,
    subscriptions: Sequence[Subscription[Any, Any]],
    deps: Any,
    *,
    settings: ServiceSettings,
    dead_letters: Publisher,
) -> SafeBroker:
    """A broker that is not connected yet, with everything the service subscribes to."""
    broker = SafeBroker(settings)
    for subscription in subscriptions:
        group = group_of(service, subscription.topic.name, settings.topic_prefix)
        name = settings.topic_prefix + subscription.topic.name
        consumption = Consumption(subscription, deps, name=name, group=group, dead_letters=dead_letters)
        _subscribe(broker, consumption, subscription.max_records, _instance(service, settings))
    return broker


def group_of(service: str, topic: str, prefix: str) -> str:
    """The consumer group of one service on one topic."""
    return f"{prefix}{service}.{topic}"


def _instance(service: str, settings: ServiceSettings) -> str | None:
    return f"{service}-{settings.replica}" if settings.replica else None


def _subscribe(broker: SafeBroker, consumption: Consumption[Any, Any], max_records: int, instance: str | None) -> None:
    consumer = Consumer(consumption)

    async def parse(records: Any) -> BatchMessage:  # FastStream loses the whole poll when a parser raises
        message = BatchMessage(records, records, correlation_id="-", consumer=consumer.polling)
        message.topic = consumption.topic
        return message

    async def decode(message: BatchMessage) -> Any:
        return message.raw_message

    async def handle(records: Any) -> None:
        assert consumer.polling is not None  # noqa: S101 - it gave us the records
        await consumption.on_records(records, consumer.polling)

    consumer.subscriber = broker.subscriber(
        consumption.topic_name,
        batch=True,
        max_records=max_records,
        batch_timeout_ms=1,  # after an empty poll FastStream sleeps for it; the poll itself waits as long as poll.py says
        group_id=consumption.group,
        group_instance_id=instance,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        parser=parse,
        decoder=decode,
        listener=Drain(consumer),
        rebalance_timeout_ms=REBALANCE_MS,
        session_timeout_ms=SESSION_MS,
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    consumer.subscriber(handle)
    broker.consumers.append(consumer)
