"""After a whole life of an import, with failures, nothing that belongs to a person or opens a door stands where others read:
logs, metrics, errors, dead letters' reasons, and topics that do not carry it by design."""

import asyncio
import json
import re
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from .outside import Outside, people, table, until

Rollcall = Callable[..., subprocess.CompletedProcess[str]]
# Rows on their way, results for subscribers and changed accounts carry learners' emails and names by design; dead letters keep
# the bytes as they came. These two must do without.
WITH_LEARNERS = ("imports.rows", "imports.checks", "imports.approvals", "imports.results", "directory.changes")
WITH_NOBODY = ("imports.lifecycle", "imports.emails")


class Life:
    """What was used, and what the stack answered when something went wrong."""

    def __init__(self, stack: dict[str, Any]) -> None:
        self.stack, self.outside = stack, Outside(stack)
        self.tag = f"leak{uuid.uuid4().hex[:10]}"
        self.learners: set[str] = {self.tag}  # part of every email and name below
        self.owner = f"owner{self.tag[4:]}@northfield-college.org"  # whom their own pages may name
        self.doors: set[str] = set()  # tokens, links, cookies
        self.errors: list[httpx.Response] = []

    @property
    def secrets(self) -> set[str]:
        return {*self.learners, *self.doors, self.owner, self.stack["user"]}

    def open_and_close_doors(self, rollcall: Rollcall) -> None:
        email = self.owner
        token = rollcall("token", "create", email).stdout.strip()
        listed = rollcall("token", "list", email).stdout
        rollcall("token", "revoke", listed.split()[0])
        self.doors |= {token, self.stack["token"], self.stack["other_token"]}
        with httpx.Client(base_url=self.stack["base_url"], timeout=60) as browser:
            self._try(browser, token)
            link = rollcall("sign-in-link", email, COLUMNS="400").stdout
            secret = re.findall(r"token=([\w-]+)", link)[0]
            browser.get("/sign-in/link", params={"token": secret})
            browser.post("/sign-in/link", data={"token": secret})
            self.errors.append(browser.post("/sign-in/link", data={"token": secret}))
            self.errors.append(browser.get(f"/experiences/{self.stack['experience_id']}/settings"))
            self.errors.append(browser.post(f"/imports/{uuid.uuid4()}/run", data={"csrf": "made-up"}))
            self.doors |= {secret, *(cookie.value or "" for cookie in browser.cookies.jar)}

    def _try(self, browser: httpx.Client, revoked: str) -> None:
        """With what works no more, and with secrets where they do not belong."""
        told = {"Authorization": f"Bearer {revoked}"}
        email = f"{self.tag}.typo@northfield-college.org"
        self.errors += [
            browser.get("/api/v1/experiences", headers=told),
            browser.get(f"/api/v1/imports/{email}", headers=told),
            browser.get(f"/nothing/{email}", params={"token": revoked}),
            browser.post("/api/v1/experiences", headers=told, json={"name": email}),
            self.outside.http.post("/experiences", json={"name": ["x", email]}),
            self.outside.http.put(f"/experiences/{uuid.uuid4()}/administrators/{email}"),
            self.outside.http.get(f"/imports/{uuid.uuid4()}/records", params={"q": email}),
        ]

    def import_people(self, refused: Path) -> None:
        refused.write_text(f"{self.tag}.00001\n")
        rows = [(email, f"First{self.tag}", f"Last{self.tag}") for email, *_ in people(20, self.tag)]
        rows += [
            (f"{self.tag} at nowhere", self.tag, ""),
            (rows[0][0], self.tag, ""),
            (f"{self.tag}@gmial.com", "", ""),
        ]
        ready = self.outside.prepared(self.outside.experience("Leaks"), table(rows))
        self.outside.run(ready["id"])
        self.outside.http.get(f"/imports/{ready['id']}/records.csv").raise_for_status()
        until(lambda: self.outside.import_(ready["id"])["email_counts"]["failed"] == 1, what="the refused mail")

    async def poison(self) -> int:
        """Events that nobody can read, about people, on every topic; how many."""
        email = f"{self.tag}.poison@northfield-college.org"
        async with AIOKafkaProducer(bootstrap_servers=self.stack["kafka"]) as producer:
            for topic in (*WITH_LEARNERS, *WITH_NOBODY):
                for value in (email.encode(), json.dumps({"type": email, "row": email}).encode()):
                    await producer.send_and_wait(topic, value, key=email.encode())
        return 2 * len((*WITH_LEARNERS, *WITH_NOBODY))


@pytest.fixture(scope="module")
def life(session_stack: Path, rollcall: Rollcall) -> Life:
    stack = json.loads(session_stack.read_text())
    lived = Life(stack)
    lived.open_and_close_doors(rollcall)
    refused = Path(stack["inbox"]) / "refused"
    try:
        lived.import_people(refused)
    finally:
        refused.unlink(missing_ok=True)
    before = dead_letters(stack)
    sent = asyncio.run(lived.poison())
    until(lambda: dead_letters(stack) >= before + sent, what="the poison among the dead letters")
    return lived


def found(text: str | bytes, secrets: set[str]) -> list[str]:
    shown = text.decode(errors="replace") if isinstance(text, bytes) else text
    return [shown[max(0, at - 80) : at + 80] for secret in secrets if (at := shown.find(secret)) >= 0]


async def everything_on_topics(stack: dict[str, Any]) -> dict[str, list[ConsumerRecord]]:
    """All records of our topics, as of now."""
    topics = [name for topic in (*WITH_LEARNERS, *WITH_NOBODY) for name in (topic, f"{topic}.dead")]
    seen: dict[str, list[ConsumerRecord]] = {topic: [] for topic in topics}
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=stack["kafka"], auto_offset_reset="earliest")
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for place, some in (await consumer.getmany(timeout_ms=500)).items():
                seen[place.topic] += some
    finally:
        await consumer.stop()
    return seen


def dead_letters(stack: dict[str, Any]) -> int:
    seen = asyncio.run(everything_on_topics(stack))
    return sum(len(seen[f"{topic}.dead"]) for topic in (*WITH_LEARNERS, *WITH_NOBODY))


def reasons(record: ConsumerRecord) -> bytes:
    """What a dead letter says about itself, without what it keeps of the record as it came."""
    return b" ".join(value for name, value in record.headers if not name.startswith("original."))


def test_no_log_names_a_person_or_opens_a_door(life: Life, stack_home: Path) -> None:
    logs = list(stack_home.glob("logs/*.log"))
    assert {"intake", "validator", "provisioner", "notifier"} <= {log.stem for log in logs}
    for log in logs:
        assert found(log.read_bytes(), life.secrets) == [], log.name


def test_no_metric_and_no_health_page_does(life: Life) -> None:
    for address in life.stack["services"].values():
        for page in ("livez", "readyz", "metrics"):
            assert found(httpx.get(f"{address}/{page}", timeout=60).text, life.secrets) == []


def test_no_error_does(life: Life) -> None:
    assert {error.status_code for error in life.errors} >= {401, 403, 404, 410, 422}
    for error in life.errors:
        assert found(error.text, life.learners | life.doors) == [], error.request.url.path


async def test_topics_carry_people_only_where_they_must_and_no_door(life: Life) -> None:
    seen = await everything_on_topics(life.stack)
    for topic, some in seen.items():
        for record in some:
            whole = b" ".join([record.key or b"", record.value or b"", *(value for _, value in record.headers)])
            assert found(whole, life.doors) == [], topic
            if topic.endswith(".dead"):
                assert found(reasons(record), life.learners) == [], topic
            elif topic in WITH_NOBODY and b"poison" not in whole:
                assert found(whole, life.learners) == [], topic
    assert any(life.tag.encode() in (record.value or b"") for record in seen["imports.results"])


@pytest.mark.parametrize("service", ["validator", "notifier"])
def test_a_service_without_an_api_serves_its_health_and_nothing_else(life: Life, service: str) -> None:
    with httpx.Client(base_url=life.stack["services"][service], timeout=60) as http:
        served = {page: http.get(page).status_code for page in ("/livez", "/readyz", "/metrics")}
        assert served == dict.fromkeys(served, 200)
        assert {http.get(page).status_code for page in ("/", "/docs", "/redoc", "/openapi.json", "/api/v1")} == {404}
        assert {http.request(method, "/metrics").status_code for method in ("POST", "PUT", "DELETE", "TRACE")} == {405}
