"""The consumer under FastStream: polls so that no record is skipped or blocks its partition, and says how it is doing."""

import asyncio
import time
from collections import Counter
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    CorruptRecordException,
    IllegalStateError,
    KafkaError,
    UnsupportedCodecError,
)

from shared.kafka.fetch import fetch
from shared.kafka.unpack import UNPACKED_LIMIT, PollTooLargeError, bound_unpacking, one_poll, unpack

log = structlog.get_logger()

Records = dict[TopicPartition, list[ConsumerRecord]]

POLL_MS = 500  # how long one poll waits for a first record; records that arrive end it at once
_COUNTED_SECONDS = 2.0  # of one poll, at most: a process that stood still meanwhile did not poll
ERROR_SECONDS = 0.5  # between polls while they fail
_TRIES = 3  # at a batch with a wrong checksum, before it is passed over


bound_unpacking()


class PollingConsumer(AIOKafkaConsumer):  # type: ignore[misc] # aiokafka is untyped
    """An AIOKafkaConsumer whose polls can be held back, never raise what a later poll can cure, and never move past
    records that they did not return."""

    def __init__(self, *topics: str, **arguments: Any) -> None:
        super().__init__(*topics, **arguments)
        self.polled_at = time.monotonic()  # the last sign of life of the polling loop
        self.poll_error = ""  # class of the last poll's error
        self.blind_seconds = 0.0  # of polls in a row that gave nothing while records waited
        self.unfetched_seconds = 0.0  # of polls in a row during which no fetch was answered
        self._stamps = (
            0  # of the partitions' last answers, added up: any answer changes it, also when the clock is set back
        )
        self._held_until = 0.0
        self._astray = False
        self._suspected: dict[TopicPartition, int] = {}  # of holding, before this offset, what aiokafka cannot unpack
        self._corrupt: Counter[tuple[TopicPartition, int]] = Counter()  # tries at wrong checksums

    def hold(self, seconds: float) -> None:
        """Give out no records for so long. Heartbeats, rebalances and stopping go on."""
        self._held_until = time.monotonic() + seconds

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> Records:
        """Records by partition, or none after a while. `timeout_ms` is ours: FastStream sleeps for the one it was given
        whenever a poll comes back empty, which would delay a lone record."""
        await self._wait_while_held()
        self.polled_at = time.monotonic()
        records = await self._poll(max_records)
        self._count(records, min(time.monotonic() - self.polled_at, _COUNTED_SECONDS))
        return records

    async def _poll(self, max_records: int | None) -> Records:
        try:
            if self._astray:
                await self._seek_back()
            if self._suspected:
                return await self._read_suspected(max_records or 1)
            with one_poll():
                records: Records = await super().getmany(timeout_ms=POLL_MS, max_records=max_records)
        except ConsumerStoppedError:
            raise
        except asyncio.CancelledError:
            if _really_cancelled():
                raise
            return await self._failed("CancelledError")
        except PollTooLargeError:
            self._astray = True
            self._suspect_all()
            return {}
        except Exception as error:
            if _may_be_the_record(error):
                self._suspect_all()
            return await self._failed(type(error).__name__)
        self.poll_error = ""
        return records

    def undelivered(self) -> int:
        """Records that the broker has beyond what was given out, as of the last fetch."""
        ends = ((self.highwater(partition), self._position(partition)) for partition in self.assignment())
        return sum(max(0, end - position) for end, position in ends if end is not None and position is not None)

    def lacks_leader(self) -> bool:
        """Whether there is a partition of ours that no broker leads: nobody can fetch from it."""
        return any(self._client.cluster.leader_for_partition(tp) in (None, -1) for tp in self.assignment())

    def has_joined(self) -> bool:
        """Whether the group has said which partitions are ours, if any."""
        subscription = self._subscription.subscription
        return subscription is not None and subscription.assignment is not None

    def fetching_ended(self) -> bool:
        """Whether the task that fetches records is gone. Polls do not notice."""
        return self._fetcher is None or bool(self._fetcher._fetch_task.done())

    def coordination_ended(self) -> bool:
        """Whether the task that keeps us in the group is gone."""
        return self._coordinator is None or bool(self._coordinator._coordination_task.done())

    def _count(self, records: Records, seconds: float) -> None:
        """Blindness is counted in polls, not in time: a consumer that rests, waits for its handler or is held back is not
        blind, however long it takes."""
        self.blind_seconds = 0.0 if records or not self.undelivered() else self.blind_seconds + seconds
        stamps = sum(self.last_poll_timestamp(partition) or 0 for partition in self.assignment())
        self.unfetched_seconds = self.unfetched_seconds + seconds if stamps and stamps == self._stamps else 0.0
        self._stamps = stamps

    def _position(self, partition: TopicPartition) -> int | None:
        state = self._subscription.subscription.assignment.state_value(partition)
        return state.position if state is not None and state.has_valid_position else None

    async def _wait_while_held(self) -> None:
        while (rest := self._held_until - time.monotonic()) > 0:
            self.polled_at = time.monotonic()
            await asyncio.sleep(min(rest, 1.0))

    async def _failed(self, error: str) -> Records:
        """A poll that fails at one partition has moved the positions of those it looked at before, without returning
        their records: go back before the next one."""
        self._astray = True
        self.poll_error = error
        log.error("poll.failed", group=self._group_id, error=error)
        await asyncio.sleep(ERROR_SECONDS)
        return {}

    def _suspect_all(self) -> None:
        """Any partition may hold what a poll failed at, anywhere in what the broker has now."""
        self._suspected = {partition: self.highwater(partition) or 0 for partition in self.assignment()}

    async def _read_suspected(self, most: int) -> Records:
        """Some of a suspected partition as the broker has it, unpacked by ourselves: other clients can write what aiokafka
        fails at for ever, for all partitions. They take turns until all that made them suspected is read."""
        partition, until = next(iter(self._suspected.items()))
        if not self._subscription.is_assigned(partition):
            del self._suspected[partition]
            return {}
        offset = await self.position(partition)
        data = await fetch(self._client, partition, offset)
        try:
            records, end = self._unpacked(data, partition, offset)
        except CorruptRecordException:
            self._corrupt[partition, offset] += 1
            raise
        self._corrupt.pop((partition, offset), None)
        if len(records) > most:
            records, end = records[:most], records[most].offset
        if end > offset:
            self.seek(partition, end)
        del self._suspected[partition]
        if offset < end < until:
            self._suspected[partition] = until
        return {partition: records} if records else {}

    def _unpacked(self, data: bytes, partition: TopicPartition, offset: int) -> tuple[list[ConsumerRecord], int]:
        """The records from `offset` on, as far as memory is bounded, and the offset after them."""
        records: list[ConsumerRecord] = []
        size, end = 0, offset
        for some, after in unpack(data, partition, offset, last_try=self._corrupt[partition, offset] >= _TRIES):
            records, end = records + some, after
            size += sum(len(record.value or b"") for record in some)
            if size > UNPACKED_LIMIT:
                break
        return records, end

    async def _seek_back(self) -> None:
        """To what is committed. aiokafka's seek_to_committed stays where it is when nothing was committed yet."""
        for partition in self.assignment():
            committed = await self.committed(partition)
            try:
                if committed is None:
                    await self.seek_to_beginning(partition)
                else:
                    self.seek(partition, committed)
            except IllegalStateError:
                continue  # taken away meanwhile; who has it now starts at what is committed
        self._astray = False


def _may_be_the_record(error: Exception) -> bool:
    return not isinstance(error, KafkaError | OSError) or isinstance(
        error, CorruptRecordException | UnsupportedCodecError
    )


def _really_cancelled() -> bool:
    """Whether someone cancelled this task, and not a future that it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
