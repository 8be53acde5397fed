"""Up to which moment services have handled what is on topics, one topic behind the other: a question's and its answer's.
What a service has not got to yet is late; only what it has passed can be lost."""

import asyncio
import time
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.kafka.admin import existing_partitions, open_admin
from shared.kafka.broker import group_of
from shared.kafka.connect import open_reader
from shared.kafka.groups import committed_of, coordinator_of
from shared.settings import KafkaSettings
from shared.topics import Topic

Offsets = dict[TopicPartition, int]

LOOK_SECONDS = 2.0  # an answer may be this old: many imports ask at once
UNKNOWN = float("-inf")


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a topic ended at a moment, or later."""

    moment: float
    ends: Offsets


class _Stage:
    """One service's way through one topic."""

    def __init__(self, service: str, topic: Topic, prefix: str) -> None:
        self.upto = UNKNOWN
        self._topic = prefix + topic.name
        self._group = group_of(service, topic.name, prefix)
        self._mark: _Mark | None = None

    async def look(self, admin: AIOKafkaAdminClient, reader: AIOKafkaConsumer, moment: float) -> None:
        """All that matters until `moment` is on the topic now. A topic that never rests is measured by an earlier look."""
        found = await existing_partitions(admin, {self._topic})
        partitions = [TopicPartition(self._topic, number) for number in range(found.get(self._topic, 0))]
        if not partitions:
            return  # deleted: until it is made again nobody can be asked there, and nothing is to be given up
        ends = await reader.end_offsets(partitions)
        handled = await self._handled(admin, reader, partitions)
        if _reaches(handled, ends):
            self.upto, self._mark = moment, None
        elif self._mark is None or not _reaches(
            ends, self._mark.ends
        ):  # a topic that was made anew ends before the mark
            self._mark = _Mark(moment, ends)
        elif _reaches(handled, self._mark.ends):
            self.upto, self._mark = self._mark.moment, _Mark(moment, ends)

    async def _handled(
        self, admin: AIOKafkaAdminClient, reader: AIOKafkaConsumer, partitions: list[TopicPartition]
    ) -> Offsets:
        """Where the group goes on. What retention has removed before it was handled is passed, too."""
        committed = await committed_of(admin, self._group, await coordinator_of(admin, self._group), partitions)
        begins: Offsets = await reader.beginning_offsets(partitions)
        return begins | {tp: max(begins[tp], stored.offset) for tp, stored in committed.items()}


class Handled:
    """The stages of a question: who handles it, who handles the answer."""

    def __init__(self, settings: KafkaSettings, *stages: tuple[str, Topic]) -> None:
        self._settings = settings
        self._stages = [_Stage(service, topic, settings.topic_prefix) for service, topic in stages]
        self._looking = asyncio.Lock()
        self._looked = UNKNOWN

    async def upto(self) -> float:
        """A moment of `time.monotonic()`: what was published before it has gone through all stages. Raises KafkaError."""
        async with self._looking:
            moment = time.monotonic()
            if moment - self._looked > LOOK_SECONDS:
                self._looked = moment  # also when the broker does not answer: it is asked as rarely then
                async with open_admin(self._settings) as admin, open_reader(self._settings) as reader:
                    for stage in self._stages:
                        await stage.look(admin, reader, moment)
                        moment = stage.upto
        return self._stages[-1].upto


def _reaches(one: Offsets, other: Offsets) -> bool:
    return all(one.get(tp, 0) >= offset for tp, offset in other.items())
