"""A real import, with hostile events on each of the seven topics while it is checked and while it runs."""

import asyncio
import json
import os
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import psutil

from shared.kafka.dead_letters import read_dead_letters
from shared.kafka.lag import read_lag
from shared.kafka.publish import open_publisher
from shared.settings import KafkaSettings
from shared.topics import TOPICS
from tests.chaos.person import Person
from tests.stack.cluster import SERVICES, Cluster, running_cluster

from .hostile import Hostile, Known

EVENTS = int(os.environ.get("ROLLCALL_HOSTILE_EVENTS", "1000"))  # on each topic; figures in docs/reliability.md: 10,000
ROWS = 4_000
AT_ONCE = 500
MEMORY_LIMIT = 700 * 1024 * 1024  # bytes of one service's process
GOLDEN = Path(__file__).parents[1] / "contract" / "golden"


async def test_hostile_events_on_every_topic_change_nothing_for_an_import(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as cluster:
        before = {service: cluster.pid(f"{service}-0") for service in SERVICES}
        person = Person(cluster.stack["base_url"], cluster.stack["token"])
        experience = (await person.call("POST", "/experiences", json={"name": "Poisoned"})).json()["id"]
        finished = await _import(person, experience, "first", rows=20)
        told = await person.upload(experience, _file("second", ROWS), key="second", emails="none")
        known = Known(running=told["id"], finished=finished["id"], experience=experience)
        poisoning = asyncio.create_task(_poison(cluster, known))
        await person.wait(told["id"], ("ready",))
        await person.press(told["id"], "run")
        ended = await person.wait(told["id"], ("finished",))
        await poisoning
        memory = await _until_all_is_handled(cluster)
        letters = await _reasons(cluster)
        print(json.dumps({"letters": letters, "memory_mib": memory}, indent=1))
        assert {service: cluster.pid(f"{service}-0") for service in SERVICES} == before
        assert (ended["counts"]["created"], ended["counts"]["failed"]) == (ROWS, 0)
        assert (await person.get(f"/imports/{finished['id']}"))["counts"] == finished["counts"]
        assert all(letters[topic.name] for topic in TOPICS)
        assert max(memory.values()) * 1024 * 1024 < MEMORY_LIMIT
        again = await _import(person, experience, "third", rows=50)
        assert again["counts"]["created"] == 50
        await person.close()


async def _import(person: Person, experience: str, name: str, *, rows: int) -> dict[str, Any]:
    told = await person.upload(experience, _file(name, rows), key=name, emails="none")
    await person.wait(told["id"], ("ready",))
    await person.press(told["id"], "run")
    return await person.wait(told["id"], ("finished",))


def _file(name: str, rows: int) -> bytes:
    return "\n".join(["Email", *(f"{name}{row}@example.org" for row in range(rows))]).encode()


def _settings(cluster: Cluster) -> KafkaSettings:
    return KafkaSettings(kafka_bootstrap=cluster.stack["kafka"])


async def _poison(cluster: Cluster, known: Known) -> None:
    dice = Random(11)
    makers = {
        topic: Hostile(json.loads((GOLDEN / f"{topic.event.__name__}.json").read_text()), known, dice)
        for topic in TOPICS
    }
    async with open_publisher(_settings(cluster)) as publisher:
        for start in range(0, EVENTS, AT_ONCE):
            for topic, maker in makers.items():
                count = min(AT_ONCE, EVENTS - start)
                messages = [maker.message() for _ in range(count)]
                if topic.compacted:  # the broker itself refuses records without a key there
                    messages = [message._replace(key=message.key or b"none") for message in messages]
                await publisher.publish(topic, messages)


async def _until_all_is_handled(cluster: Cluster) -> dict[str, int]:
    """The most memory that each service had meanwhile, in MiB."""
    most: Counter[str] = Counter()
    async with asyncio.timeout(300):
        while True:
            for service in SERVICES:
                used = psutil.Process(cluster.pid(f"{service}-0")).memory_info().rss // 1024 // 1024
                most[service] = max(most[service], used)
            found = await read_lag(_settings(cluster))
            if not sum(partition.lag for partition in found):
                return dict(most)
            await asyncio.sleep(0.5)


async def _reasons(cluster: Cluster) -> dict[str, dict[str, int]]:
    """Dead letters of each topic, by who could not read them and why."""
    counts: dict[str, Counter[str]] = {topic.name: Counter() for topic in TOPICS}
    for topic in TOPICS:
        async for letter in read_dead_letters(_settings(cluster), topic):
            counts[topic.name][f"{letter.group.partition('.')[0]} {letter.reason}"] += 1
    return {topic: dict(found) for topic, found in counts.items()}
