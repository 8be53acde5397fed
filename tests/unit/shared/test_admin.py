"""Applying topics to several brokers: each question goes to another one, and some have not heard yet of what was just made."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from math import inf
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource
from aiokafka.errors import UnknownTopicOrPartitionError

from shared.kafka import admin
from shared.kafka.admin import TopicMissingError, apply_topics
from shared.settings import KafkaSettings
from shared.topics import ROWS

Apply = Callable[["Cluster"], Awaitable[list[str]]]

TOPIC, SET_ON_TOPIC = 2, 1  # DescribeConfigs' kind of a resource, and source of a value
UNKNOWN = UnknownTopicOrPartitionError.errno


class Cluster:
    """Brokers that hear of a new topic so many questions late: those that are asked for topics, and for what is set on them."""

    def __init__(self, *, topics_late: float, settings_late: float) -> None:
        self.topics_late, self.settings_late = topics_late, settings_late
        self.made: dict[str, NewTopic] = {}

    async def describe_cluster(self) -> dict[str, Any]:
        return {"brokers": [1, 2, 3]}

    async def create_topics(self, topics: list[NewTopic]) -> SimpleNamespace:
        self.made = {topic.name: topic for topic in topics}
        return SimpleNamespace(topic_errors=[(name, 0) for name in self.made])

    async def describe_topics(self, names: list[str]) -> list[dict[str, Any]]:
        self.topics_late -= bool(self.made)
        known = self.made if self.topics_late < 0 else {}
        return [
            {"topic": name, "error_code": 0, "partitions": [*range(known[name].num_partitions)]}
            if name in known
            else {"topic": name, "error_code": UNKNOWN, "partitions": []}
            for name in names
        ]

    async def describe_configs(self, resources: list[ConfigResource]) -> list[SimpleNamespace]:
        self.settings_late -= 1
        names = [resource.name for resource in resources]
        if self.settings_late >= 0:
            return [SimpleNamespace(resources=[(UNKNOWN, "", TOPIC, name, []) for name in names])]
        return [SimpleNamespace(resources=[(0, "", TOPIC, name, self._set_on(name)) for name in names])]

    def _set_on(self, name: str) -> list[tuple[str, str, bool, int]]:
        return [(key, value, False, SET_ON_TOPIC) for key, value in self.made[name].topic_configs.items()]


@pytest.fixture
def apply(monkeypatch: pytest.MonkeyPatch) -> Apply:
    """Apply one topic to such a cluster; nobody waits."""

    async def on(cluster: Cluster) -> list[str]:
        @asynccontextmanager
        async def open_admin(_: KafkaSettings) -> AsyncIterator[Cluster]:
            yield cluster

        monkeypatch.setattr(admin, "open_admin", open_admin)
        monkeypatch.setattr(admin, "_PAUSES", (0.0,) * 10)
        return await apply_topics(KafkaSettings(), [ROWS])

    return on


async def test_brokers_that_have_not_heard_yet_of_a_new_topic_are_waited_for(apply: Apply) -> None:
    cluster = Cluster(topics_late=2, settings_late=3)
    assert await apply(cluster) == ["created imports.rows with 6 partitions"]
    assert (cluster.topics_late, cluster.settings_late) == (-4, -1)


@pytest.mark.parametrize("late", [{"topics_late": inf, "settings_late": 0}, {"topics_late": 0, "settings_late": inf}])
async def test_what_brokers_never_hear_of_does_not_count_as_applied(apply: Apply, late: dict[str, float]) -> None:
    with pytest.raises(TopicMissingError, match="run `rollcall topics apply` again"):
        await apply(Cluster(**late))
