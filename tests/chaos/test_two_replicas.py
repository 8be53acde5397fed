"""Two replicas of each service: the whole story, groups that share their partitions, lag that goes to zero; and scaling up
and down in the middle of an import."""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

from tests.stack.cluster import SERVICES, Build, Cluster, running_cluster

from .asking import Asked
from .files import FileMaker
from .oracle import violations
from .person import Person
from .seen import look

ROLLCALL = Path(sys.executable).with_name("rollcall")
ROWS = 12_000
# Without a name of its own a replica leaves its groups when it stops, and the others take over at once.
BUILDS = {service: Build(environment={"ROLLCALL_REPLICA": ""}) for service in SERVICES}


async def test_two_replicas_tell_the_whole_story_and_scale_in_the_middle_of_it(tmp_path: Path) -> None:
    async with running_cluster(tmp_path, replicas=2, builds=BUILDS) as cluster:
        await until_true(lambda: shared_by_two(cluster))
        person = Person(cluster.stack["base_url"], cluster.stack["token"])
        experience = (await person.call("POST", "/experiences", json={"name": "Two of each"})).json()["id"]
        asked = [await upload(person, experience, number) for number in range(2)]
        await moving(person, asked, "checked")
        await every_service(cluster, 1)
        await run_all(person, asked)
        await moving(person, asked, "provisioned")
        await every_service(cluster, 2)
        await asyncio.gather(*(person.wait(one.id, ("finished",)) for one in asked))
        await until_true(lambda: settled(person, asked))
        await until_true(lambda: all_handled(cluster))
        seen = await look(cluster.stack, [one.id for one in asked], [experience])
        await person.close()
    assert [violation.sentence for violation in violations(asked, seen)] == []
    outcomes = Counter(record["outcome"] for records in seen.records.values() for record in records)
    assert outcomes["created"] > ROWS  # two files of ROWS lines each


async def upload(person: Person, experience: str, number: int) -> Asked:
    file = FileMaker(Random(number), f"two{number}").make(ROWS)
    told = await person.upload(experience, file.content, key=f"two {number}", emails="hold")
    return Asked(told["id"], experience, file, "hold")


async def moving(person: Person, asked: list[Asked], counter: str) -> None:
    """Some of it is done, and as a rule not all."""
    while not any([(await person.get(f"/imports/{one.id}"))["progress"][counter] for one in asked]):
        await asyncio.sleep(0.05)


async def every_service(cluster: Cluster, replicas: int) -> None:
    await asyncio.gather(*(cluster.scale(service, replicas) for service in SERVICES))
    await cluster.ready()


async def run_all(person: Person, asked: list[Asked]) -> None:
    for one in asked:
        await person.wait(one.id, ("ready",))
        assert await person.press(one.id, "run")


async def settled(person: Person, asked: list[Asked]) -> bool:
    """The finish mails have gone out, and all welcome mails are held."""
    found = [await person.get(f"/imports/{one.id}") for one in asked]
    return all(one["finish_email"] and one["email_counts"]["held"] == one["counts"]["created"] for one in found)


async def shared_by_two(cluster: Cluster) -> bool:
    """Each group has two members. Asked in a thread: this one carries what the members say."""
    found = await asyncio.to_thread(lag, cluster)
    return {members for members, _ in found.values()} == {2}


async def all_handled(cluster: Cluster) -> bool:
    found = await asyncio.to_thread(lag, cluster)
    return {behind for _, behind in found.values()} == {0}


async def until_true(is_so: Callable[[], Awaitable[bool]], *, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not await is_so():
        assert time.monotonic() < deadline, is_so
        await asyncio.sleep(0.3)


def lag(cluster: Cluster) -> dict[str, tuple[int, int]]:
    """Members and lag of each group, as `rollcall lag` says."""
    command = [ROLLCALL, "lag", "--json", "--kafka", cluster.stack["kafka"]]
    found: list[dict[str, Any]] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    groups: dict[str, tuple[int, int]] = {}
    for one in found:
        groups[one["group"]] = (one["members"], groups.get(one["group"], (0, 0))[1] + one["lag"])
    return groups
