"""Any process may be killed at any moment: nothing lost, nothing doubled, nothing hanging."""

import json
import os
import signal
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from .outside import Outside, adds_up, people, table, until

ROWS = 20_000


def pids_of(outside: Outside, part: str) -> list[int]:
    return list(json.loads(Path(outside.stack["file"]).read_text())["pids"][part])


@pytest.mark.parametrize("part", ["intake", "validator", "provisioner", "notifier", "kafka", "postgres"])
def test_a_part_killed_in_both_stages_loses_and_doubles_nothing(running_stack: dict[str, Any], part: str) -> None:
    outside = Outside(running_stack)
    tag = f"k{uuid.uuid4().hex[:8]}"
    experience = outside.experience(f"Kill {part}")
    accepted = outside.upload(experience, table(people(ROWS, tag)), emails="hold")
    kill_when(outside, part, accepted["id"], "checked")
    ready = wait_through_outage(outside, accepted["id"], "ready")
    assert (ready["progress"]["checked"], ready["counts"]["create"]) == (ROWS, ROWS)

    until(lambda: run(outside, accepted["id"]), what="Run accepted")
    kill_when(outside, part, accepted["id"], "provisioned")
    finished = wait_through_outage(outside, accepted["id"], "finished")
    assert finished["counts"]["created"] == ROWS
    assert adds_up(finished)
    until(lambda: finish_mails(outside, accepted["id"]) == 1, what="the finish mail")


def kill_when(outside: Outside, part: str, import_id: str, counter: str) -> None:
    """SIGKILL the part as soon as some, but not all, rows have gone through."""
    until(lambda: outside.import_(import_id)["progress"][counter] > 0, what=f"{counter} > 0")
    before = pids_of(outside, part)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: replaced(outside, part, before), what=f"a new {part}")


def replaced(outside: Outside, part: str, before: list[int]) -> bool:
    now = pids_of(outside, part)
    return bool(now) and not set(now) & set(before)


def wait_through_outage(outside: Outside, import_id: str, status: str) -> dict[str, Any]:
    """Wait for a status while the API itself may be away."""

    def arrived() -> dict[str, Any] | None:
        try:
            found = outside.import_(import_id)
        except Exception:  # the API is one of the parts that are killed
            time.sleep(0.5)
            return None
        return found if found["status"] == status else None

    return until(arrived, seconds=150, what=status)


def run(outside: Outside, import_id: str) -> bool:
    try:
        return outside.http.post(f"/imports/{import_id}/run").status_code in (202, 409)
    except Exception:  # as above
        return False


def finish_mails(outside: Outside, import_id: str) -> int:
    return len([mail for mail in outside.mails(to=outside.stack["user"]) if import_id in mail.as_string()])
