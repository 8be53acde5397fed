"""Puts dead letters back onto their topic, after what made them unreadable is mended."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from shared.kafka.connect import connection
from shared.kafka.dead_letters import ALL, DeadLetter, DeadLetterReader, Stock, Wanted, memory_of, open_dead_letters
from shared.kafka.message import Message
from shared.kafka.publish import Publisher, open_publisher
from shared.kafka.replayed import Replayed
from shared.settings import KafkaSettings
from shared.topics import Topic

_AT_ONCE = 1000  # letters between two steps that are remembered
_BYTES_AT_ONCE = 8 * 1024 * 1024  # of their values; a letter may have a megabyte
FOR_EVER = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a replay did."""

    replayed: int = 0
    cut: int = 0  # left out, because not all of their bytes were kept
    left: int | None = None  # the offset at which it stopped because its time was over; None: it came to the end
    end: int = 0  # what came after this offset is for another replay


async def replay_dead_letters(
    settings: KafkaSettings, topic: Topic, *, again: bool = False, wanted: Wanted = ALL,
    first: int = 0, end: int | None = None, seconds: float = FOR_EVER,
) -> Replay:  # fmt: skip
    """Put the letters from offset `first` to before `end` (as it is now) back onto the partition they came from, with their
    keys and headers. A second call leaves out what the first one did, unless `again`; what was put back by time is not
    remembered. Interrupted or told twice, it repeats some: every handler is idempotent."""
    stop_at = time.monotonic() + seconds
    async with open_dead_letters(settings, [topic]) as reader, open_publisher(settings) as publisher:
        for stock in reader.stocks:
            async with _open_memory(settings, stock) as memory:
                replaying = _Replaying(reader, publisher, memory, stock, wanted, again=again)
                return await replaying.run(first, min(stock.end, stock.end if end is None else end), stop_at)
    return Replay()


class _Memory:
    """Remembers how far the letters of a topic were put back."""

    def __init__(self, consumer: AIOKafkaConsumer, stock: Stock) -> None:
        self.replayed: Replayed = stock.replayed
        self._consumer = consumer
        self._partition: TopicPartition = stock.partition

    async def keep(self, upto: int, reason: str) -> None:
        self.replayed = self.replayed.moved(upto, reason)
        kept = OffsetAndMetadata(self.replayed.upto, self.replayed.to_text())
        await self._consumer.commit({self._partition: kept})


@asynccontextmanager
async def _open_memory(settings: KafkaSettings, stock: Stock) -> AsyncIterator[_Memory]:
    group = memory_of(settings, stock.topic)
    consumer = AIOKafkaConsumer(**connection(settings), group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([stock.partition])
        consumer.pause(stock.partition)  # it reads nothing
        yield _Memory(consumer, stock)
    finally:
        await consumer.stop()


class _Replaying:
    """One replay at work."""

    def __init__(
        self, reader: DeadLetterReader, publisher: Publisher, memory: _Memory, stock: Stock, wanted: Wanted, *, again: bool
    ) -> None:  # fmt: skip
        self._reader, self._publisher, self._memory = reader, publisher, memory
        self._stock, self._wanted, self._again = stock, wanted, again
        self._done = self._cut = 0

    async def run(self, first: int, end: int, stop_at: float) -> Replay:
        mark = self._memory.replayed.mark(self._wanted.reason)
        start = first if self._again else max(first, mark)
        remembered = self._wanted.at_any_time and start <= max(mark, self._stock.begin)  # nothing is left out before it
        left: int | None = None
        async for letters, after in self._parts(start, end):
            await self._put_back([letter for letter in letters if self._is_meant(letter)])
            if remembered:
                await self._memory.keep(after, self._wanted.reason)
            if time.monotonic() > stop_at and after < end:
                left = after
                break
        return Replay(replayed=self._done, cut=self._cut, left=left, end=end)

    def _is_meant(self, letter: DeadLetter) -> bool:
        return self._wanted.fits(letter) and (self._again or not letter.replayed)

    async def _parts(self, start: int, end: int) -> AsyncIterator[tuple[list[DeadLetter], int]]:
        """Letters, and the offset after them."""
        some: list[DeadLetter] = []
        size = 0
        async for letters in self._reader.batches(self._stock, start, end):
            some += letters
            size += sum(len(letter.value or b"") for letter in letters)
            if some and (len(some) >= _AT_ONCE or size >= _BYTES_AT_ONCE):
                yield some, some[-1].offset + 1
                some, size = [], 0
        if some:
            yield some, end

    async def _put_back(self, letters: list[DeadLetter]) -> None:
        whole = [letter for letter in letters if not letter.cut]
        await self._publisher.publish(
            self._stock.topic,
            [
                Message(letter.key, letter.value, letter.partition if letter.partition >= 0 else None, letter.headers)
                for letter in whole
            ],
        )
        self._done += len(whole)
        self._cut += len(letters) - len(whole)
