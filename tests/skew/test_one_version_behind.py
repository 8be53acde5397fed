"""All services are upgraded one after the other, old and new replicas side by side; then each in turn is rolled back and
runs one version behind the others. Imports run all the while, and come out as if nobody had touched anything."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tests.chaos.asking import Asked
from tests.chaos.person import Person
from tests.stack.cluster import SERVICES, Cluster, running_cluster

from .changing import Changing, Version, builds
from .judge import complaints
from .newer import dead_letters, tell_in_newer_words
from .story import SMALL, Story

OLD, NEW = Version
ROLLCALL = Path(sys.executable).with_name("rollcall")
SECONDS = 120.0  # in which something comes true that else never would
# The old provisioner takes no turn with a word that it does not know. Of the others, which are new, the notifier refuses one:
# nobody knows whether mails may go out under that policy.
WHO_REFUSES = {
    ("provisioner.imports.lifecycle", "event.wrong_shape"): 2,
    ("notifier.imports.lifecycle", "lifecycle.email_policy_unknown"): 1,
}


@dataclass(frozen=True, slots=True)
class Refused:
    """An import whose cancelling was told in words that the old provisioner refused."""

    asked: Asked
    turns: tuple[str, ...]  # ids of what was told


async def test_versions_side_by_side_lose_and_double_nothing(tmp_path: Path, last_release: Path) -> None:
    code = builds(last_release)
    running = running_cluster(tmp_path, builds=dict.fromkeys(SERVICES, code[OLD]))
    async with asyncio.timeout(1800), running as cluster, telling(cluster) as story:
        change = Changing(cluster, story, code)
        await story.tell()
        for service, before in zip((*SERVICES, None), (None, *SERVICES), strict=True):
            await change.to(steps(service, [OLD, NEW], before=before))
            await story.tell()
        for service, before in zip((*SERVICES, None), (None, *SERVICES), strict=True):
            await change.to(steps(service, [OLD], before=before))
            await story.tell()
            if service == "provisioner":
                refused = await refuse(cluster, story)
        await change.run_the_last()
        await replay_and_run(cluster, story, refused)
        assert await complaints(cluster, story, besides=refused.turns) == []
        await until_all_mails_are_heard_of(cluster)


def steps(service: str | None, versions: list[Version], *, before: str | None) -> dict[str, list[Version]]:
    """One service comes to run these versions, and the one before it the new one."""
    return {name: then for name, then in ((before, [NEW]), (service, versions)) if name}


@asynccontextmanager
async def telling(cluster: Cluster) -> AsyncIterator[Story]:
    person = Person(cluster.stack["base_url"], cluster.stack["token"])
    made = await person.call("POST", "/experiences", json={"name": "Between versions"})
    yield Story(person, made.json()["id"], Path(cluster.stack["inbox"]))
    await person.close()


async def refuse(cluster: Cluster, story: Story) -> Refused:
    """What dies where, while the provisioner is old. Nothing else has died before it."""
    one = await story.upload(SMALL, "hold")
    kafka = cluster.stack["kafka"]
    turns = (
        await tell_in_newer_words(kafka, one, type="ImportPaused"),
        await tell_in_newer_words(kafka, one, type="ImportCancelling", emails="of-tomorrow"),
    )
    letters = await dead_letters(kafka, at_least=sum(WHO_REFUSES.values()))
    assert Counter((letter.group, letter.reason) for letter in letters) == WHO_REFUSES
    return Refused(one, turns)


async def replay_and_run(cluster: Cluster, story: Story, refused: Refused) -> None:
    """What died of an old version is understood by the new one: nothing of the import is provisioned."""
    command = [ROLLCALL, "dead-letters", "replay", "imports.lifecycle", "--reason", "event.wrong_shape"]
    replay = await asyncio.create_subprocess_exec(
        *command, "--kafka", cluster.stack["kafka"], stdout=subprocess.DEVNULL
    )
    assert await replay.wait() == 0
    await until(
        cluster, "provisioner", f"select count(*) = 1 from cancelled_imports where import_id = '{refused.asked.id}'"
    )
    refused.asked.cancelled = True
    await story.run(refused.asked)
    counts = await story.finished(refused.asked)
    assert counts["skipped"] == counts["ready"] + counts["warning"] > 0


async def until_all_mails_are_heard_of(cluster: Cluster) -> None:
    """Intake asks again for the mails of which an old replica of it heard and did not note it."""
    await now(
        cluster, "intake", "update imports set tries = 0 where mails_open"
    )  # the pauses before the next time are over
    await until(cluster, "intake", "select count(*) = 0 from imports where mails_open")


async def now(cluster: Cluster, service: str, query: str) -> bool | None:
    connection = await asyncpg.connect(cluster.database(service))
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def until(cluster: Cluster, service: str, query: str) -> None:
    async with asyncio.timeout(SECONDS):
        while not await now(cluster, service, query):
            await asyncio.sleep(0.2)
