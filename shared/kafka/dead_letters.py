"""Dead letters for people: how many there are, what one looks like, and putting them back onto their topic."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from shared.kafka.connect import connection
from shared.kafka.message import ORIGINAL, Headers, Message
from shared.kafka.publish import Publisher, open_publisher
from shared.kafka.unpack import begin_poll
from shared.settings import KafkaSettings
from shared.topics import Topic

_IN_MEMORY = 20  # records, of a megabyte at most
_AT_ONCE = 1000  # records between two commits of a replay


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


ALL = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a replay did."""

    replayed: int
    cut: int  # left out, because not all of their bytes were kept


async def read_dead_letters(
    settings: KafkaSettings, topic: Topic, *, first: int = 0, wanted: Wanted = ALL
) -> AsyncIterator[DeadLetter]:
    """The dead letters of a topic (not the `.dead` one) that there are now, oldest first, from offset `first` on."""
    async with _reader(settings, topic) as (consumer, partition):
        replayed = await consumer.committed(partition) or 0
        async for record in _records(consumer, partition, first):
            if wanted.fits(letter := _letter(topic, record, replayed)):
                yield letter


async def replay_dead_letters(
    settings: KafkaSettings, topic: Topic, *, again: bool = False, wanted: Wanted = ALL
) -> Replay:
    """Put the records back onto the partition they came from, with their keys and headers. A second call leaves out
    what the first one did, unless `again`; what was replayed by reason or time is not remembered. Interrupted or told
    twice, it repeats some: every handler is idempotent."""
    done = cut = 0
    async with _reader(settings, topic) as (consumer, partition), open_publisher(settings) as publisher:
        start = 0 if again else await consumer.committed(partition) or 0
        async for some in _in_parts(_records(consumer, partition, start)):
            letters = [letter for record in some if wanted.fits(letter := _letter(topic, record, 0))]
            done += await _put_back(publisher, topic, letters)
            cut += sum(bool(letter.cut) for letter in letters)
            if wanted == ALL:
                await consumer.commit({partition: some[-1].offset + 1})
    return Replay(replayed=done, cut=cut)


async def _in_parts(records: AsyncIterator[ConsumerRecord]) -> AsyncIterator[list[ConsumerRecord]]:
    some: list[ConsumerRecord] = []
    async for record in records:
        some.append(record)
        if len(some) == _AT_ONCE:
            yield some
            some = []
    if some:
        yield some


async def _put_back(publisher: Publisher, topic: Topic, letters: list[DeadLetter]) -> int:
    whole = [letter for letter in letters if not letter.cut]
    await publisher.publish(
        topic,
        [
            Message(letter.key, letter.value, letter.partition if letter.partition >= 0 else None, letter.headers)
            for letter in whole
        ],
    )
    return len(whole)


@asynccontextmanager
async def _reader(settings: KafkaSettings, topic: Topic) -> AsyncIterator[tuple[AIOKafkaConsumer, TopicPartition]]:
    """A consumer on the one partition of the dead letters. Its group only remembers what was replayed."""
    name = settings.topic_prefix + topic.dead.name
    partition = TopicPartition(name, 0)
    consumer = AIOKafkaConsumer(
        **connection(settings), group_id=f"{settings.topic_prefix}dead-letters.{topic.name}",
        enable_auto_commit=False, auto_offset_reset="earliest",
    )  # fmt: skip
    await consumer.start()
    try:
        consumer.assign([partition])
        yield consumer, partition
    finally:
        await consumer.stop()


async def _records(consumer: AIOKafkaConsumer, partition: TopicPartition, start: int) -> AsyncIterator[ConsumerRecord]:
    """From `start` up to the end as it is now: what a replay kills again is for the next one."""
    end = (await consumer.end_offsets([partition]))[partition]
    position = max(start, (await consumer.beginning_offsets([partition]))[partition])
    consumer.seek(partition, position)
    while position < end:
        begin_poll()
        found = await consumer.getmany(partition, timeout_ms=1000, max_records=_IN_MEMORY)
        for record in found.get(partition, []):
            if record.offset < end:
                yield record
        position = await consumer.position(partition)


def _letter(topic: Topic, record: ConsumerRecord, replayed: int) -> DeadLetter:
    facts = {name: (content or b"").decode(errors="replace") for name, content in record.headers}
    return DeadLetter(
        topic=topic.name,
        offset=record.offset,
        reason=facts.get("reason", ""),
        partition=_number(facts.get("partition")),
        source_offset=_number(facts.get("offset")),
        group=facts.get("group", ""),
        dead_at=_number(facts.get("dead_at")),
        cut=facts.get("cut", ""),
        replayed=record.offset < replayed,
        key=record.key,
        value=record.value,
        headers=tuple((n.removeprefix(ORIGINAL), c) for n, c in record.headers if n.startswith(ORIGINAL)),
    )


def _number(text: str | None) -> int:
    """What others wrote there need not be a number, or one that is a time."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 14 else -1
