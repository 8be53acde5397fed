"""What a client makes of a coordinator that still reads what it has stored: an answer without the partitions."""

from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupLoadInProgressError
from aiokafka.structs import OffsetAndMetadata

from shared.kafka import groups
from shared.kafka.groups import committed_of

PARTITIONS = [TopicPartition("t", 0), TopicPartition("t", 1)]
STORED = {PARTITIONS[0]: OffsetAndMetadata(7, ""), PARTITIONS[1]: OffsetAndMetadata(-1, "")}


class Answers:
    """Each question gets the next answer, the last one for ever."""

    def __init__(self, *answers: dict[TopicPartition, OffsetAndMetadata]) -> None:
        self.answers = list(answers)

    async def list_consumer_group_offsets(self, *_: Any) -> dict[TopicPartition, OffsetAndMetadata]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "_PAUSES", (0.0,) * 3)


async def committed(*answers: dict[TopicPartition, OffsetAndMetadata]) -> dict[TopicPartition, OffsetAndMetadata]:
    return await committed_of(cast("AIOKafkaAdminClient", Answers(*answers)), "g", 1, PARTITIONS)


async def test_a_coordinator_that_still_loads_is_asked_again() -> None:
    assert await committed({}, {}, STORED) == {PARTITIONS[0]: STORED[PARTITIONS[0]]}


async def test_one_that_never_has_loaded_has_not_said_that_nothing_is_committed() -> None:
    with pytest.raises(GroupLoadInProgressError):
        await committed({})
