"""A release with a fault cannot take what others say; after its mend the command line puts the dead letters back."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.chaos.person import Person
from tests.mutations.run import copy_checkout
from tests.stack.cluster import Build, Cluster, running_cluster

ROLLCALL = Path(sys.executable).with_name("rollcall")
ROWS = 60
PATIENT = {"ROLLCALL_REPAIR_AFTER_SECONDS": "600"}  # so that nothing but the replay can end the import
RIGHT = "datetime.fromisoformat(event.at)"
FAULT = 'datetime.strptime(event.at, "%Y-%m-%dT%H:%M:%S%z")'  # forgets the fractions of a second


async def test_what_died_of_a_fault_is_put_back_after_its_mend_and_the_import_finishes(tmp_path: Path) -> None:
    faulty = tmp_path / "faulty"
    await asyncio.to_thread(break_intake, faulty)
    async with running_cluster(
        tmp_path / "home", builds={"intake": Build(checkout=faulty, environment=PATIENT)}
    ) as cluster:
        person = Person(cluster.stack["base_url"], cluster.stack["token"])
        experience = (await person.call("POST", "/experiences", json={"name": "Mended"})).json()["id"]
        file = "\n".join(["Email", *(f"mended{row}@example.org" for row in range(ROWS))]).encode()
        told = await person.upload(experience, file, key="one")
        await person.wait(told["id"], ("ready",))
        await person.press(told["id"], "run")
        await until_dead(
            cluster, [{"topic": "imports.results", "reason": "event.not_handled", "waiting": ROWS, "replayed": 0}]
        )
        stuck = await person.get(f"/imports/{told['id']}")
        assert (stuck["status"], stuck["progress"]["provisioned"]) == ("running", 0)
        await cluster.start_over("intake-0", Build(environment=PATIENT))
        await cluster.ready()
        said = await dead_letters(cluster, "replay", "imports.results", "--reason", "event.not_handled")
        assert said == f"{ROWS} put back"
        ended = await person.wait(told["id"], ("finished",))
        await until_dead(
            cluster, [{"topic": "imports.results", "reason": "event.not_handled", "waiting": 0, "replayed": ROWS}]
        )
        await until_settled(person, told["id"])
        await person.close()
    assert ended["counts"]["created"] == ROWS
    assert mails_in(cluster.stack["inbox"]) == ROWS + 1  # results that came twice mail nobody twice


def mails_in(inbox: str) -> int:
    return len(list(Path(inbox).glob("[!.]*.eml")))


def break_intake(root: Path) -> None:
    copy_checkout(root)
    file = root / "services" / "intake" / "ledger" / "keep_results.py"
    text = file.read_text(encoding="utf-8")
    assert RIGHT in text
    file.write_text(text.replace(RIGHT, FAULT), encoding="utf-8")


async def dead_letters(cluster: Cluster, *arguments: str) -> str:
    command = [ROLLCALL, "dead-letters", *arguments, "--kafka", cluster.stack["kafka"]]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.strip()


async def until_dead(cluster: Cluster, expected: list[dict[str, Any]]) -> None:
    async with asyncio.timeout(120):
        while json.loads(await dead_letters(cluster, "list", "--json")) != expected:
            await asyncio.sleep(0.5)


async def until_settled(person: Person, import_id: str) -> None:
    """The finish mail is sent, and each record's welcome mail."""
    async with asyncio.timeout(120):
        while (await person.get(f"/imports/{import_id}"))["finish_email"] != "sent" or any(
            record["email"] != "sent"
            for record in await person.pages(f"/imports/{import_id}/records", after="next_after")
        ):
            await asyncio.sleep(0.3)
