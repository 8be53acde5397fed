"""What became of everything, read only from outside: the HTTP API, the directory API, the inbox and the topics."""

import email.policy
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from .person import Json, Person

TOPICS = (
    "imports.lifecycle",
    "imports.rows",
    "imports.checks",
    "imports.approvals",
    "imports.results",
    "imports.emails",
)
Key = tuple[str, int]  # import and row


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in the inbox."""

    to: str
    kind: str  # "welcome" or "finish"
    import_id: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A lifecycle event."""

    id: str
    type: str


@dataclass(slots=True)
class Topics:
    """What the topics say: turns in order, each row's different answers, what became of finish mails; and when events came."""

    turns: dict[str, list[Turn]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[Key, set[tuple[str, int | None]]] = field(default_factory=lambda: defaultdict(set))
    finish_mails: dict[str, str] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  # by topic, seconds since 1970


@dataclass(slots=True)
class Seen:
    """All of it."""

    imports: dict[str, Json]
    records: dict[str, list[Json]]
    accounts: list[str]  # emails
    members: dict[str, list[str]]  # emails by experience
    mails: list[Mail]
    topics: Topics


async def look(stack: dict[str, Any], imports: Iterable[str], experiences: Iterable[str]) -> Seen:
    """See it all. Waits for parts that are still starting."""
    person = Person(stack["base_url"], stack["token"])
    directory = Person(stack["directory"], stack["directory_token"])
    try:
        accounts = await directory.pages("/accounts", after="next")
        members = {e: await directory.pages(f"/experiences/{e}/memberships", after="next") for e in experiences}
        seen = {i: await person.get(f"/imports/{i}") for i in imports}
        records = {i: await person.pages(f"/imports/{i}/records", after="next_after") for i in seen}
    finally:
        await person.close()
        await directory.close()
    return Seen(
        imports=seen,
        records=records,
        accounts=[account["email"].lower() for account in accounts],
        members={e: [member["email"].lower() for member in those] for e, those in members.items()},
        mails=read_mails(Path(stack["inbox"])),
        topics=await read_topics(stack["kafka"]),
    )


def read_mails(inbox: Path) -> list[Mail]:
    """The mails, told apart by what names them: `<welcome.ACCOUNT.IMPORT@...>`, `<finish.IMPORT@...>`."""
    mails = []
    for file in sorted(inbox.glob("[!.]*.eml")):
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        names = str(mail["Message-ID"]).strip("<>").partition("@")[0].split(".")
        mails.append(Mail(str(mail["To"].addresses[0].addr_spec).lower(), names[0], names[-1]))
    return mails


def mail_times(inbox: Path) -> list[float]:
    """When mails came: their names begin with nanoseconds since 1970."""
    return [int(file.name.partition("-")[0]) / 1e9 for file in sorted(inbox.glob("[!.]*.eml"))]


async def read_topics(kafka: str) -> Topics:
    """All topics from their beginning to their end of now, by a consumer that belongs to no group."""
    topics = Topics()
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [
            TopicPartition(t, n) for t in TOPICS for n in consumer.partitions_for_topic(t) or await _known(consumer, t)
        ]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for partition, records in (await consumer.getmany(timeout_ms=500, max_records=5000)).items():
                topics.times[partition.topic] += [record.timestamp / 1000 for record in records]
                for record in records:
                    _take_in(topics, partition.topic, record.value)
    finally:
        await consumer.stop()
    return topics


async def _known(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client.add_topic(topic)
    await consumer._client.force_metadata_update()
    return set(consumer.partitions_for_topic(topic) or ())


def _take_in(topics: Topics, topic: str, value: bytes) -> None:
    if topic not in ("imports.lifecycle", "imports.results", "imports.emails"):
        return
    event = json.loads(value)
    import_id = event["import_id"]
    if topic == "imports.lifecycle":
        topics.turns[import_id].append(Turn(event["id"], event["type"]))
    elif topic == "imports.results":
        topics.answers[import_id, event["row"]].add((event["outcome"], event.get("account_id")))
    elif event["kind"] == "finish":
        topics.finish_mails[import_id] = event["status"]
