"""What a system test sees: the API, the inbox, the topics and the processes of a running stack. Imports nothing of Rollcall."""

import csv
import email
import email.policy
import io
import json
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
FINAL = ("finished", "rejected", "cancelled")


class Outside:
    """One person at one running stack."""

    def __init__(self, stack: dict[str, Any], token: str | None = None) -> None:
        self.stack = stack
        self.http = httpx.Client(
            base_url=f"{stack['base_url']}/api/v1",
            headers={"Authorization": f"Bearer {token or stack['token']}"},
            timeout=60,
            limits=httpx.Limits(max_keepalive_connections=0),  # nobody closes this client: no connection stays open
        )

    def experience(self, name: str) -> str:
        return str(self.http.post("/experiences", json={"name": name}).raise_for_status().json()["id"])

    def upload(self, experience: str, content: bytes, *, name: str = "learners.csv", **fields: str) -> dict[str, Any]:
        answer = self.try_upload(experience, content, name=name, **fields)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def try_upload(
        self, experience: str, content: bytes, *, name: str = "learners.csv", **fields: str
    ) -> httpx.Response:
        return self.http.post(
            f"/experiences/{experience}/imports",
            data={"type": "experience-learners", **fields},
            files={"file": (name, content)},
        )

    def import_(self, import_id: str) -> dict[str, Any]:
        return dict(self.http.get(f"/imports/{import_id}").raise_for_status().json())

    def wait(self, import_id: str, *states: str, seconds: float = 120) -> dict[str, Any]:
        def arrived() -> dict[str, Any] | None:
            found = self.import_(import_id)
            return found if found["status"] in (states or FINAL) else None

        return until(arrived, seconds=seconds, what=f"import {' or '.join(states or FINAL)}")

    def prepared(self, experience: str, content: bytes, **fields: str) -> dict[str, Any]:
        return self.wait(self.upload(experience, content, **fields)["id"], "ready", "rejected")

    def run(self, import_id: str, *, seconds: float = 120) -> dict[str, Any]:
        assert self.http.post(f"/imports/{import_id}/run").status_code == 202
        return self.wait(import_id, "finished", seconds=seconds)

    def records(self, import_id: str, **filters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after: int | None = None
        while True:
            params = {"limit": 1000, **filters} | ({} if after is None else {"after": after})
            page = self.http.get(f"/imports/{import_id}/records", params=params).raise_for_status().json()
            found += page["items"]
            after = page["next_after"]
            if after is None:
                return found

    def mails(self, *, to: str | None = None) -> list[EmailMessage]:
        found = []
        for file in sorted(Path(self.stack["inbox"]).glob("[!.]*.eml")):
            mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            if to is None or to in str(mail["To"]):
                found.append(mail)
        return found


def until(arrived: Callable[[], T | None], *, what: str, seconds: float = 120) -> T:
    deadline = time.monotonic() + seconds
    while True:
        found = arrived()
        if found:
            return found
        assert time.monotonic() < deadline, f"still waiting for {what} after {seconds} s"
        time.sleep(0.1)


def table(rows: Iterable[Iterable[str]], *, header: Iterable[str] = ("Email", "First Name", "Last Name")) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([tuple(header), *map(tuple, rows)])
    return text.getvalue().encode()


def people(number: int, tag: str) -> list[tuple[str, str, str]]:
    return [(f"{tag}.{n:05d}@northfield-college.org", f"First{n}", f"Last{n}") for n in range(number)]


def adds_up(found: dict[str, Any]) -> bool:
    names = ("created", "added", "unchanged", "failed", "skipped", "not_imported")
    return sum(found["counts"][name] for name in names) == found["progress"]["rows"]


@contextmanager
def paused(stack: dict[str, Any], part: str) -> Iterator[None]:
    """The part's processes stand still. When that is longer than a session of Kafka (30 s), they join their groups anew."""
    pids = json.loads(Path(stack["file"]).read_text())["pids"][part]
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
