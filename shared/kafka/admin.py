"""Creates the topics as shared/topics.py declares them, and checks that they are there."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    InvalidReplicationFactorError,
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)

from shared.kafka.connect import connection
from shared.kafka.refused import explained
from shared.settings import KafkaSettings
from shared.topics import ALL_TOPICS, READERS_BEHIND, SEGMENT, Topic

RECORD_BYTES = 1_048_588  # the largest batch a topic takes; Kafka's default, said so that nobody lowers it by accident
_SET_ON_TOPIC = 1  # DescribeConfigs' source of a value that was set for this topic
_PAUSES = (0.1,) * 300  # seconds; for brokers to learn of what one of them was told


class TopicMissingError(Exception):
    """A topic is not there or has too few partitions. Says which, and what to do."""


@asynccontextmanager
async def open_admin(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client, closed at the end. Raises KafkaError when no broker answers."""
    admin = AIOKafkaAdminClient(**connection(settings), request_timeout_ms=15_000)
    try:
        async with explained(settings):
            await admin.start()
            yield admin
    finally:
        await admin.close()


async def apply_topics(
    settings: KafkaSettings, topics: Iterable[Topic] = ALL_TOPICS, *, replicas: int = 0
) -> list[str]:
    """Create what is missing, add partitions where there are fewer, set retention and cleanup. Returns a sentence per
    change; a second call returns none. `replicas` 0: three, or as many as there are brokers. Raises TopicMissingError when
    the brokers do not say in time that it is so."""
    wanted = {settings.topic_prefix + topic.name: topic for topic in topics}
    async with open_admin(settings) as admin:
        found = await existing_partitions(admin, wanted)
        missing = {name: topic for name, topic in wanted.items() if name not in found}
        configurations = {name: configuration(topic, settings) for name, topic in wanted.items()}
        copies = replicas or min(3, await _brokers(admin))
        changes = await _create(admin, missing, copies, configurations=configurations)
        present = {name: topic for name, topic in wanted.items() if name in found}
        changes += await _add_partitions(admin, present, found)
        changes += await _configure(admin, {name: configurations[name] for name in present})
        await _until_known(admin, wanted, configurations=configurations)
    return changes


async def check_topics(settings: KafkaSettings, topics: Iterable[Topic]) -> None:
    """Raise TopicMissingError unless all are there with at least the declared partitions."""
    wanted = {settings.topic_prefix + topic.name: topic for topic in topics}
    async with open_admin(settings) as admin:
        found = await existing_partitions(admin, wanted)
    for name, topic in wanted.items():
        if name not in found:
            raise TopicMissingError(f"Topic {name} does not exist; run `rollcall topics apply`.")
        if found[name] < topic.partitions:
            raise TopicMissingError(
                f"Topic {name} has {found[name]} partitions instead of {topic.partitions}; run `rollcall topics apply`."
            )


def configuration(topic: Topic, settings: KafkaSettings) -> dict[str, str]:
    """What is set on the broker for this topic."""
    kept = {
        "cleanup.policy": "compact",
        "min.compaction.lag.ms": _milliseconds(READERS_BEHIND),
        "max.compaction.lag.ms": _milliseconds(2 * READERS_BEHIND),
    } if topic.compacted else {
        "cleanup.policy": "delete",
        "retention.ms": _milliseconds(kept_for(topic, settings)),
        "segment.ms": _milliseconds(min(SEGMENT, kept_for(topic, settings))),
    }  # fmt: skip
    return {**kept, "max.message.bytes": str(RECORD_BYTES)}


def kept_for(topic: Topic, settings: KafkaSettings) -> timedelta:
    """How long a topic of time keeps its records, by the settings."""
    return timedelta(days=getattr(settings, topic.setting)) if topic.setting else topic.retention or timedelta(0)


def _milliseconds(time: timedelta) -> str:
    return str(int(time.total_seconds() * 1000))


async def _brokers(admin: AIOKafkaAdminClient) -> int:
    return len((await admin.describe_cluster())["brokers"])


async def existing_partitions(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, int]:
    """Number of partitions of each of these topics that exists. Raises TopicAuthorizationFailedError when we may not know."""
    described = await admin.describe_topics(list(names))
    for topic in described:
        if topic["error_code"] == TopicAuthorizationFailedError.errno:
            raise TopicAuthorizationFailedError(f"Describe on topic {topic['topic']}")
    return {topic["topic"]: len(topic["partitions"]) for topic in described if topic["error_code"] == 0}


async def _until_known(
    admin: AIOKafkaAdminClient, topics: dict[str, Topic], *, configurations: dict[str, dict[str, str]]
) -> None:
    """The brokers that are asked next learn of changes a moment after they are made, some before others."""
    for pause in _PAUSES:
        with suppress(UnknownTopicOrPartitionError):
            found = await existing_partitions(admin, topics)
            if all(found.get(name, 0) >= topic.partitions for name, topic in topics.items()):
                set_now = await _set_on(admin, list(topics))
                if all(ours.items() <= set_now[name].items() for name, ours in configurations.items()):
                    return
        await asyncio.sleep(pause)
    raise TopicMissingError(
        "The brokers do not know all topics yet as they were set; run `rollcall topics apply` again."
    )


async def _create(
    admin: AIOKafkaAdminClient, topics: dict[str, Topic], replicas: int, *, configurations: dict[str, dict[str, str]]
) -> list[str]:
    if not topics:
        return []
    safe = {"min.insync.replicas": "2"} if replicas >= 3 else {}
    new = [
        NewTopic(name, topic.partitions, replicas, topic_configs={**configurations[name], **safe})
        for name, topic in topics.items()
    ]
    answer = await admin.create_topics(new)
    for name, code, *message in answer.topic_errors:  # it never raises by itself
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:  # somebody else was quicker: fine
            hint = " (more replicas than brokers?)" if error is InvalidReplicationFactorError else ""
            raise error(f"Topic {name} cannot be created: {message}{hint}")
    return [f"created {name} with {topic.partitions} partitions" for name, topic in topics.items()]


async def _add_partitions(admin: AIOKafkaAdminClient, topics: dict[str, Topic], found: dict[str, int]) -> list[str]:
    few = {name: topic.partitions for name, topic in topics.items() if found[name] < topic.partitions}
    if few:
        await admin.create_partitions({name: NewPartitions(total_count=count) for name, count in few.items()})
    return [f"raised {name} from {found[name]} to {count} partitions" for name, count in few.items()]


async def _configure(admin: AIOKafkaAdminClient, configurations: dict[str, dict[str, str]]) -> list[str]:
    """AlterConfigs replaces everything that was set on a topic, so what an operator set besides ours is sent along."""
    set_now = await _set_on(admin, list(configurations))
    changes, resources = [], []
    for name, ours in configurations.items():
        changed = {key: value for key, value in ours.items() if set_now[name].get(key) != value}
        if changed:
            changes.append(f"set {', '.join(f'{key}={value}' for key, value in changed.items())} on {name}")
            resources.append(ConfigResource(ConfigResourceType.TOPIC, name, {**set_now[name], **ours}))
    if resources:
        for answer in await admin.alter_configs(resources):
            _raise_errors(answer.resources)
    return changes


async def _set_on(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    found: dict[str, dict[str, str]] = {}
    for answer in answers:
        _raise_errors(resource[:4] for resource in answer.resources)
        for _, _, _, name, entries in answer.resources:
            found[name] = {entry[0]: entry[1] for entry in entries if entry[3] == _SET_ON_TOPIC}
    return found


def _raise_errors(resources: Iterable[Any]) -> None:
    for code, message, _, name in resources:
        if code:
            error: type[KafkaError] = for_code(code)
            raise error(f"Topic {name}: {message}")
