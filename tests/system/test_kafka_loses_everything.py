"""Kafka may lose all that it has, or say all of it again, whatever imports are doing: they end right, and nothing is doubled."""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import structlog

from tests.stack.cluster import SERVICES, Build, Cluster, running_cluster

from .kafka_losses import (
    TOPICS,
    Loss,
    pass_retention,
    records_on,
    recreate_topics,
    replay_from_earliest,
    skip_to_latest,
    told,
)
from .outside import Outside, adds_up, people, table, until

log = structlog.get_logger()

PEOPLE = 20  # of each import
PATIENCE_SECONDS = 120
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(new_home: Callable[[], Path]) -> AsyncIterator[Cluster]:
    """A whole stack that asks again soon. Without names of replicas: a service that stops leaves its groups at once."""
    quick = {"ROLLCALL_REPAIR_AFTER_SECONDS": "1", "ROLLCALL_REPAIR_TRIES": "60", "ROLLCALL_REPLICA": ""}
    builds = dict.fromkeys(SERVICES, Build(environment=quick))
    async with running_cluster(new_home(), builds=builds) as cluster:
        yield cluster


class Story:
    """Imports at all stages, and what a person sees of them from outside."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.kafka: str = cluster.stack["kafka"]
        self.outside = Outside(cluster.stack)
        self.tag = f"l{uuid.uuid4().hex[:8]}"
        self.experience = self.outside.experience("Losses")
        self.imports: list[str] = []

    async def upload(self) -> str:
        rows = people(PEOPLE, f"{self.tag}-{len(self.imports)}")
        found = await asyncio.to_thread(self.outside.upload, self.experience, table(rows))
        self.imports.append(found["id"])
        return str(found["id"])

    async def ready(self) -> str:
        import_id = await self.upload()
        await self.wait(import_id, "ready")
        return import_id

    async def press_run(self, import_id: str) -> None:
        assert (await asyncio.to_thread(self.outside.http.post, f"/imports/{import_id}/run")).status_code == 202

    async def wait(self, import_id: str, status: str) -> dict[str, Any]:
        return await asyncio.to_thread(self.outside.wait, import_id, status, seconds=PATIENCE_SECONDS)

    async def run(self, import_id: str) -> None:
        await self.press_run(import_id)
        await self.wait(import_id, "finished")

    async def all_mails_are_settled(self) -> None:
        def settled() -> bool:
            found = [self.outside.import_(import_id)["email_counts"] for import_id in self.imports]
            return all(counts["sent"] == PEOPLE for counts in found) and len(self.mails()) == self.expected_mails()

        await asyncio.to_thread(until, settled, seconds=PATIENCE_SECONDS, what="the mails")

    def expected_mails(self) -> int:
        return len(self.imports) * (PEOPLE + 1)

    def mails(self) -> list[str]:
        """What each mail is about: the address of a new learner, or the import that is finished."""
        found = []
        for mail in self.outside.mails():
            if self.tag in str(mail["To"]):
                found.append(str(mail["To"]))
            found += [import_id for import_id in self.imports if f"finish.{import_id}" in str(mail["Message-ID"])]
        return found

    async def written(self, topic: str, records: int, act: Callable[[], Any]) -> None:
        """Act, and wait until the topic has so many records more."""
        before = await records_on(self.kafka, topic)
        await act()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await records_on(self.kafka, topic) < before + records:
                await asyncio.sleep(0.1)

    async def stop(self, *services: str) -> None:
        await asyncio.gather(*(self.cluster.scale(service, 0) for service in services))

    async def start(self, *services: str) -> None:
        await asyncio.gather(*(self.cluster.scale(service, 1) for service in services))
        await self.cluster.ready()

    async def check_the_end(self) -> None:
        """Everything once."""
        for import_id in self.imports:
            found = await self.wait(import_id, "finished")
            assert found["counts"]["created"] == found["progress"]["rows"] == PEOPLE
            assert adds_up(found)
            records = await asyncio.to_thread(self.outside.records, import_id, import_status="success")
            assert [record["row"] for record in records] == list(range(2, PEOPLE + 2))
        await self.all_mails_are_settled()
        assert set(Counter(self.mails()).values()) == {1}
        members = await asyncio.to_thread(self.members)
        assert len(members) == len(set(members)) == len(self.imports) * PEOPLE

    def members(self) -> list[str]:
        answer = httpx.get(
            f"{self.cluster.stack['directory']}/api/v1/experiences/{self.experience}/memberships", params={"limit": 1000},
            headers={"Authorization": f"Bearer {self.cluster.stack['directory_token']}"}, trust_env=False, timeout=60,
        )  # fmt: skip
        return [member["email"] for member in answer.raise_for_status().json()["items"]]


@pytest_asyncio.fixture(loop_scope="module")
async def story(cluster: Cluster) -> Story:
    """Begins with all services up, whatever a test that failed has stopped."""
    await asyncio.gather(*(cluster.scale(service, 1) for service in SERVICES))
    await cluster.ready()
    return await asyncio.to_thread(Story, cluster)  # the cluster's proxies need this loop meanwhile


@pytest.mark.parametrize("loss", [recreate_topics, pass_retention, skip_to_latest, replay_from_earliest])
async def test_imports_at_every_stage_end_right_and_once(story: Story, loss: Loss) -> None:
    settled = await story.ready()
    await story.run(settled)
    await story.all_mails_are_settled()
    finished, unsent, running, waiting = [await story.ready() for _ in range(4)]

    await story.stop("notifier")
    await story.run(finished)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await told(
            story.kafka, finished, "ImportCompleted"
        )  # or the notifier would hear of it only when intake is back
    await story.stop("intake")
    await story.written("imports.emails", PEOPLE + 1, lambda: story.start("notifier"))
    await story.stop("notifier")
    await loss(story.kafka, ["imports.emails"])  # sent, and intake has not heard of it

    await story.start("intake")
    await story.run(unsent)  # the notifier has not heard of it
    await story.stop("provisioner")
    await story.written("imports.approvals", PEOPLE, lambda: story.press_run(running))
    await story.stop("validator")
    await story.written("imports.rows", PEOPLE, story.upload)
    await story.stop("intake")
    await loss(story.kafka, TOPICS)

    await story.start("validator", "provisioner", "notifier")
    await story.start("intake")
    back_at = time.monotonic()
    checked = await story.wait(story.imports[-1], "ready")
    assert checked["counts"]["create"] == PEOPLE
    for import_id in (story.imports[-1], waiting):
        await story.run(import_id)
    await story.check_the_end()
    log.info("all.right", loss=loss.__name__, seconds=round(time.monotonic() - back_at, 1))


async def test_topics_that_go_and_come_back_under_running_services_delay_imports_and_no_more(story: Story) -> None:
    ready = await story.ready()
    await story.upload()
    await story.press_run(ready)
    await recreate_topics(story.kafka)
    await story.wait(story.imports[-1], "ready")
    await story.run(story.imports[-1])
    await story.check_the_end()
