"""Dead letters for people: what one is, and reading them. What cannot even be unpacked is said and passed over."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from shared.kafka.admin import existing_partitions, open_admin
from shared.kafka.connect import open_reader
from shared.kafka.fetch import read_batches
from shared.kafka.groups import committed_of, coordinator_of
from shared.kafka.message import ORIGINAL, Headers
from shared.kafka.replayed import Replayed, replayed_from
from shared.kafka.unpack import NOT_UNPACKED, UnreadableRecord
from shared.settings import KafkaSettings
from shared.topics import Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that nobody could read, as it came, and why. `topic` is without prefix."""

    topic: str
    offset: int  # in the dead-letter topic
    reason: str
    partition: int  # where it came from; -1 when it never reached its topic
    source_offset: int
    group: str  # who could not read it
    dead_at: int  # milliseconds since 1970
    cut: str  # "" when all bytes are here
    replayed: bool
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which dead letters are meant; by itself all of them. Times are milliseconds since 1970."""

    reason: str = ""
    since: int = -1  # also those that do not say when they died
    until: int = 2**63

    def fits(self, letter: DeadLetter) -> bool:
        """Whether this one is among them."""
        return self.reason in ("", letter.reason) and self.since <= letter.dead_at < self.until

    @property
    def at_any_time(self) -> bool:
        """Whether no time is named."""
        return (self.since, self.until) == (ALL.since, ALL.until)


ALL = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """The dead letters that a topic has now: from offset `begin` to before `end`."""

    topic: Topic
    partition: TopicPartition
    begin: int
    end: int
    replayed: Replayed


class DeadLetterReader:
    """Reads the dead letters of some topics. Leaves no trace."""

    def __init__(self, consumer: AIOKafkaConsumer, stocks: list[Stock]) -> None:
        self.consumer = consumer
        self.stocks = stocks  # of those topics that exist

    async def batches(self, stock: Stock, start: int, end: int) -> AsyncIterator[list[DeadLetter]]:
        """Letters from offset `start` to before `end`, oldest first, as many at once as were written at once."""
        async for records in read_batches(
            self.consumer._client, stock.partition, max(start, stock.begin), min(end, stock.end)
        ):
            yield [_letter(stock, record) for record in records]


@asynccontextmanager
async def open_dead_letters(settings: KafkaSettings, topics: Sequence[Topic]) -> AsyncIterator[DeadLetterReader]:
    """A reader for these topics (not the `.dead` ones). Raises KafkaError when no broker answers."""
    names = {settings.topic_prefix + topic.dead.name: topic for topic in topics}
    async with open_admin(settings) as admin, open_reader(settings) as consumer:
        found = {TopicPartition(name, 0): names[name] for name in await existing_partitions(admin, names)}
        await consumer._client.set_topics([partition.topic for partition in found])
        begins, ends = await consumer.beginning_offsets(list(found)), await consumer.end_offsets(list(found))
        stocks = []
        for partition, topic in found.items():
            group = memory_of(settings, topic)
            stored = await committed_of(admin, group, await coordinator_of(admin, group), [partition])
            replayed = replayed_from(stored[partition].offset, stored[partition].metadata) if stored else Replayed()
            stocks.append(
                Stock(topic=topic, partition=partition, begin=begins[partition], end=ends[partition], replayed=replayed)
            )
        yield DeadLetterReader(consumer, sorted(stocks, key=lambda stock: topics.index(stock.topic)))


def memory_of(settings: KafkaSettings, topic: Topic) -> str:
    """The group whose offset remembers what was put back."""
    return f"{settings.topic_prefix}dead-letters.{topic.name}"


async def read_dead_letters(
    settings: KafkaSettings, topic: Topic, *, first: int = 0, wanted: Wanted = ALL
) -> AsyncIterator[DeadLetter]:
    """The dead letters of a topic (not the `.dead` one) that there are now, oldest first, from offset `first` on."""
    async with open_dead_letters(settings, [topic]) as reader:
        for stock in reader.stocks:
            async for letters in reader.batches(stock, first, stock.end):
                for letter in letters:
                    if wanted.fits(letter):
                        yield letter


def _letter(stock: Stock, record: ConsumerRecord) -> DeadLetter:
    facts = {name: (content or b"").decode(errors="replace") for name, content in record.headers}
    if isinstance(record, UnreadableRecord):
        facts = {"reason": NOT_UNPACKED, "cut": "a batch that cannot be unpacked"}
    reason = facts.get("reason", "")
    return DeadLetter(
        topic=stock.topic.name,
        offset=record.offset,
        reason=reason,
        partition=_number(facts.get("partition")),
        source_offset=_number(facts.get("offset")),
        group=facts.get("group", ""),
        dead_at=_number(facts.get("dead_at")),
        cut=facts.get("cut", ""),
        replayed=stock.replayed.covers(record.offset, reason),
        key=record.key,
        value=record.value,
        headers=tuple((n.removeprefix(ORIGINAL), c) for n, c in record.headers if n.startswith(ORIGINAL)),
    )


def _number(text: str | None) -> int:
    """What others wrote there need not be a number, or one that is a time."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 14 else -1
