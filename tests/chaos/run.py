"""One run: a cluster, people who import, faults that strike, and the oracle's word at the end."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.stack.cluster import Build, Cluster, running_cluster

from .asking import Asked, Asking
from .faults import Strike, Struck, plan, strike_all
from .files import FileMaker
from .oracle import Violation, violations
from .person import Person
from .seen import Seen, look, mail_times

PEOPLE = 4
EXPERIENCES = 3
REPAIR_SECONDS = 150.0  # after the last fault: the wait for repairs, and for what then needs repair again
MANY = "1000000"  # uploads in a minute that nobody reaches
BUILDS = {"intake": Build(environment={"ROLLCALL_UPLOADS_PER_MINUTE": MANY})}


@dataclass(frozen=True, slots=True)
class Told:
    """What a run has to tell."""

    asked: list[Asked]
    struck: list[Struck]
    seen: Seen
    violations: list[Violation]
    trouble: Counter[str]
    quiet_after: float  # seconds from the last fault until all had ended
    mail_times: list[float]


async def run_chaos(home: Path, *, seed: int, seconds: float, rows: int) -> Told:
    """Start, break, heal, wait, look, judge."""
    async with running_cluster(home, builds=BUILDS) as cluster:
        return await break_and_judge(cluster, plan(seed, seconds), seed=seed, rows=rows)


async def break_and_judge(cluster: Cluster, strikes: list[Strike], *, seed: int, rows: int) -> Told:
    """On a cluster that is up: imports as long as faults strike, then the wait for all of it to end."""
    person = Person(cluster.stack["base_url"], cluster.stack["token"])
    experiences = [await _experience(person, f"Chaos {seed} {number}") for number in range(EXPERIENCES)]
    tag = f"s{seed}"
    makers = [FileMaker(Random(f"{seed} files {n}"), f"{tag}p{n}") for n in range(PEOPLE)]
    askings = [
        Asking(person, experiences, makers[n], dice=Random(f"{seed} person {n}"), rows=rows) for n in range(PEOPLE)
    ]
    over = asyncio.Event()
    days = [asyncio.create_task(_day(asking, over)) for asking in askings]
    struck = await strike_all(cluster, strikes)
    over.set()
    healed = time.monotonic()
    _, hanging = await asyncio.wait(days, timeout=REPAIR_SECONDS)
    await _cancel(hanging)
    asked = [one for asking in askings for one in asking.asked]
    left = REPAIR_SECONDS - (time.monotonic() - healed)
    await _until_mails_are_settled(person, asked, left)
    quiet_after = time.monotonic() - healed
    seen = await look(cluster.stack, [one.id for one in asked], experiences)
    await person.close()
    return Told(
        asked,
        struck,
        seen,
        violations(asked, seen),
        person.trouble,
        quiet_after,
        mail_times(Path(cluster.stack["inbox"])),
    )


async def _experience(person: Person, name: str) -> str:
    return str((await person.call("POST", "/experiences", json={"name": name})).raise_for_status().json()["id"])


async def _day(asking: Asking, over: asyncio.Event) -> None:
    while not over.is_set():
        await asking.import_one()


async def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _until_mails_are_settled(person: Person, asked: list[Asked], seconds: float) -> None:
    """Welcome mails, and the finish mail of each import that has one. What is not settled then, the oracle sees."""
    deadline = time.monotonic() + max(seconds, 10.0)
    for one in asked:
        while time.monotonic() < deadline:
            found = await person.get(f"/imports/{one.id}")
            if not found["email_counts"]["queued"] and (found["finish_email"] or found["status"] != "finished"):
                break
            await asyncio.sleep(0.3)
