"""One person is erased: no database, file, log or metric has them any more, but for what the command names as kept; and nothing that is
delivered again brings them back or sends them another mail."""

import asyncio
import json
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from .outside import Outside, adds_up, people, table, until

Rollcall = Callable[..., subprocess.CompletedProcess[str]]
REPLAYED = ("imports.lifecycle", "imports.rows", "imports.checks", "imports.approvals", "imports.results")
DIRECTORY = "directory.changes"
HEADER = ("Email", "First Name", "Last Name", "Contact")


class Erasure:
    """Two people among others: one has a mail that went and an account, the other's mail is held back."""

    def __init__(self, stack: dict[str, Any], rollcall: Rollcall) -> None:
        self.stack, self.outside, self.rollcall = stack, Outside(stack), rollcall
        self.tag = f"erase{uuid.uuid4().hex[:8]}"
        self.gone, self.held = (f"{name}.{self.tag}@northfield-college.org" for name in ("gone", "held"))
        others = [(*row, "") for row in people(8, self.tag[::-1])]
        about_her = (f"child.{self.tag[::-1]}@northfield-college.org", "Child", "Lee", f"Parent: {self.gone}")
        first = [*others, (self.gone, f"Ada{self.tag}", f"Lee{self.tag}", ""), about_her]
        self.first = self._finished(table(first, header=HEADER), emails="send")
        again = [(self.gone, f"Ada{self.tag}", "", ""), (self.held, f"Bo{self.tag}", "", "")]
        self.second = self._finished(table(again, header=HEADER), emails="hold")
        until(lambda: self.outside.import_(self.first)["email_counts"]["sent"] == len(first), what="the welcome mails")
        assert len(self.mails()) == 1

    def _finished(self, content: bytes, **fields: str) -> str:
        ready = self.outside.prepared(self.outside.experience(f"Erase {uuid.uuid4().hex[:6]}"), content, **fields)
        self.outside.run(ready["id"])
        return str(ready["id"])

    def mails(self) -> list[Any]:
        return self.outside.mails(to=self.tag)

    def erase(self, email: str, *options: str) -> list[dict[str, Any]]:
        done = self.rollcall("erase", email, "--yes", "--json", *options)
        assert done.returncode in (0, 3), done.stdout + done.stderr  # 3: others' imports are being read
        return list(json.loads(done.stdout))

    def still_in(self) -> set[str]:
        """The tables that have any of the two."""
        return asyncio.run(tables_with(self.stack["databases"], self.tag))

    def deliver_again(self) -> None:
        """All that topics say of the two, once more."""
        sent = asyncio.run(said_again(self.stack["kafka"], self.tag.encode(), [self.first, self.second]))
        assert sent >= 10
        self.all_events_are_handled()

    def all_events_are_handled(self) -> None:
        """Wait for it, also for those that are not on their topic yet."""
        outboxes = {f"{service}.outbox" for service in ("intake", "provisioner")}

        def handled() -> bool:
            waiting = asyncio.run(tables_with(self.stack["databases"], ""))
            lags = json.loads(self.rollcall("lag", "--json").stdout)
            return not waiting & outboxes and not sum(place["lag"] for place in lags)

        until(handled, what="all events to be handled")


async def tables_with(databases: dict[str, str], text: str) -> set[str]:
    found = set()
    for service, address in databases.items():
        connection = await asyncpg.connect(address)
        try:
            names = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
            for (name,) in names:
                hidden = text.encode().hex()  # in columns of bytes
                where = "lower(t::text) like '%' || $1 || '%' or t::text like '%' || $2 || '%'"
                if await connection.fetchval(f'select exists (select from "{name}" t where {where})', text, hidden):
                    found.add(f"{service}.{name}")
        finally:
            await connection.close()
    return found


async def everything(kafka: str, *topics: str) -> list[ConsumerRecord]:
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    seen: list[ConsumerRecord] = []
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for some in (await consumer.getmany(timeout_ms=500)).values():
                seen += some
    finally:
        await consumer.stop()
    return seen


async def said_again(kafka: str, tag: bytes, import_ids: list[str]) -> int:
    sent = 0
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        for record in await everything(kafka, *REPLAYED):
            about_import = record.topic == "imports.lifecycle" and (record.key or b"").decode() in import_ids
            if about_import or tag in (record.value or b""):
                await producer.send_and_wait(
                    record.topic, record.value, key=record.key, partition=record.partition, headers=list(record.headers)
                )
                sent += 1
    return sent


@pytest.fixture(scope="module")
def erasure(session_stack: Path, rollcall: Rollcall) -> Erasure:
    return Erasure(json.loads(session_stack.read_text()), rollcall)


def of(lines: list[dict[str, Any]], deed: str) -> dict[str, int]:
    return {line["place"]: line["count"] for line in lines if line["deed"] == deed}


def test_a_person_of_an_import_that_is_not_over_is_not_erased(erasure: Erasure) -> None:
    outside = erasure.outside
    waiting = outside.prepared(outside.experience("Waiting"), table([(erasure.gone, "Ada", "Lee")]))
    refused = erasure.rollcall("erase", erasure.gone, "--yes")
    assert (refused.returncode, "erase.at_work" in refused.stderr, waiting["id"] in refused.stderr) == (1, True, True)
    assert outside.http.post(f"/imports/{waiting['id']}/cancel").status_code == 202
    outside.wait(waiting["id"], "cancelled")


def test_what_is_erased_and_what_is_kept_is_said_and_true(erasure: Erasure, stack_home: Path) -> None:
    erasure.all_events_are_handled()  # or the validator may not have forgotten yet whom it saw in the import that is cancelled
    lines = erasure.erase(erasure.gone)
    assert of(lines, "erased") == {"intake: records": 4, "provisioner: answers": 2, "notifier: mails": 1}
    kept = of(lines, "kept")
    assert kept["provisioner: account and memberships"] == 3
    assert [place for place in kept if place.startswith("intake: source file")]
    assert {f"topic: {name}" for name in REPLAYED[1:]} <= set(kept)
    erased = erasure.erase(erasure.held, "--account", "--source-files")
    assert of(erased, "erased")["intake: source files"] == 1
    erasure.erase(erasure.gone, "--account", "--source-files")
    until(
        lambda: erasure.still_in() <= {"validator.known_accounts", "validator.known_memberships"},
        what="everything else to be gone",
    )
    files = [file for file in (stack_home / "data" / "files").rglob("*") if file.is_file()]
    assert not [file for file in files if erasure.tag.encode() in file.read_bytes()]
    for log in stack_home.glob("logs/*.log"):
        assert erasure.tag not in log.read_text(errors="replace"), log.name
    for address in erasure.stack["services"].values():
        assert erasure.tag not in httpx.get(f"{address}/metrics", timeout=60).text


def test_a_second_time_nothing_is_left(erasure: Erasure) -> None:
    for email in (erasure.gone, erasure.held):
        assert of(erasure.erase(email, "--account", "--source-files"), "erased") == {}


def test_counts_add_up_and_the_row_says_what_happened(erasure: Erasure) -> None:
    found = erasure.outside.import_(erasure.first)
    assert adds_up(found)
    assert found["file"]["gone_at"]
    [record] = erasure.outside.records(erasure.first, problem="person.erased")
    assert (record["outcome"], set(record["values"].values()), set(record["cells"])) == ("created", {""}, {""})
    [child] = [r for r in erasure.outside.records(erasure.first) if "Child" in r["cells"]]
    assert child["cells"][3] == "Parent: (erased)"


def test_the_key_is_taken_back_from_the_compacted_topic(erasure: Erasure) -> None:
    def newest() -> dict[str, bytes | None]:
        records = asyncio.run(everything(erasure.stack["kafka"], DIRECTORY))
        return {key: record.value for record in records if erasure.tag in (key := (record.key or b"").decode())}

    found = until(lambda: (values := newest()) and not any(values.values()) and values, what="tombstones")
    assert {erasure.gone, erasure.held} <= set(found)


def test_what_is_delivered_again_brings_nobody_back_and_sends_nothing(erasure: Erasure) -> None:
    erasure.deliver_again()
    assert erasure.outside.http.post(f"/imports/{erasure.second}/emails/release").status_code == 202
    erasure.all_events_are_handled()
    assert erasure.still_in() <= {"validator.known_accounts", "validator.known_memberships"}
    for service in ("validator", "notifier", "intake", "provisioner"):
        assert httpx.get(f"{erasure.stack['services'][service]}/readyz", timeout=60).status_code == 200
    assert len(erasure.mails()) == 1


def test_the_audit_log_names_the_erasure_and_not_the_person(erasure: Erasure) -> None:
    shown = erasure.rollcall("audit", "--import", erasure.first, "--json", "--limit", "1000").stdout
    actions = [line["action"] for line in json.loads(shown)]
    assert {"import.submitted", "import.run", "person.erased"} <= set(actions)
    assert erasure.tag not in shown


def test_what_is_kept_is_within_its_limits(erasure: Erasure) -> None:
    until(lambda: erasure.rollcall("retention").returncode == 0, what="all services to apply their limits")
    places = json.loads(erasure.rollcall("retention", "--json").stdout)
    assert {place["place"] for place in places} == {"intake", "validator", "provisioner", "notifier", "topic"}
    assert all(place["days"] and not place["trouble"] for place in places)
