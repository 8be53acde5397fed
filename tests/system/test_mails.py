"""Welcome mails from outside: held ones are released, failed ones are sent again, each arrives once. And imports that run by
themselves."""

import json
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .outside import Outside, adds_up, people, table, until

Rollcall = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tag() -> str:
    return f"m{uuid.uuid4().hex[:8]}"


@pytest.fixture
def outside(running_stack: dict[str, Any]) -> Outside:
    return Outside(running_stack)


@pytest.fixture
def refused(running_stack: dict[str, Any]) -> Iterator[Path]:
    """The file whose words no address may have that the inbox takes."""
    file = Path(running_stack["inbox"]) / "refused"
    yield file
    file.unlink(missing_ok=True)


def mails_become(outside: Outside, import_id: str, **counts: int) -> None:
    """Wait until the import says so, and see that its records say the same."""

    def as_expected() -> bool:
        found = outside.import_(import_id)["email_counts"]
        return {name: count for name, count in found.items() if count} == counts

    until(as_expected, what=f"mails to be {counts}")
    shown = [record["email"] for record in outside.records(import_id)]
    assert {name: shown.count(name) for name in set(shown) - {"none"}} == counts


def press(outside: Outside, import_id: str, wish: str) -> tuple[int, str]:
    answer = outside.http.post(f"/imports/{import_id}/emails/{wish}")
    return answer.status_code, answer.json().get("code", "")


def test_held_mails_go_out_when_they_are_released_and_once(outside: Outside, tag: str) -> None:
    experience = outside.experience(f"Held {tag}")
    ready = outside.prepared(experience, table(people(20, tag)), emails="hold")
    assert press(outside, ready["id"], "release") == (409, "import.not_started")
    outside.run(ready["id"])
    mails_become(outside, ready["id"], held=20)
    assert outside.mails(to=f"{tag}.") == []
    assert press(outside, ready["id"], "release") == (202, "")
    mails_become(outside, ready["id"], sent=20)
    assert press(outside, ready["id"], "release") == (409, "emails.already_released")
    assert press(outside, ready["id"], "resend") == (409, "emails.nothing_failed")
    assert len(outside.mails(to=f"{tag}.")) == 20
    assert outside.import_(ready["id"])["emails_released_by"] == outside.stack["user"]


def test_mails_released_while_the_import_runs_all_go_out(outside: Outside, tag: str) -> None:
    ready = outside.prepared(outside.experience(f"Early {tag}"), table(people(500, tag)), emails="hold")
    assert outside.http.post(f"/imports/{ready['id']}/run").status_code == 202
    assert press(outside, ready["id"], "release") == (202, "")
    outside.wait(ready["id"], "finished")
    mails_become(outside, ready["id"], sent=500)
    assert len(outside.mails(to=f"{tag}.")) == 500


def test_only_failed_mails_are_sent_again_as_often_as_asked(
    outside: Outside, rollcall: Rollcall, refused: Path, tag: str
) -> None:
    refused.write_text(f"{tag}.00001\n{tag}.00003\n")
    ready = outside.prepared(outside.experience(f"Failed {tag}"), table(people(5, tag)))
    outside.run(ready["id"])
    mails_become(outside, ready["id"], failed=2, sent=3)
    refused.write_text(f"{tag}.00001\n")
    assert press(outside, ready["id"], "resend") == (202, "")
    mails_become(outside, ready["id"], failed=1, sent=4)
    refused.unlink()
    assert rollcall("resend-mails", ready["id"]).returncode == 0
    mails_become(outside, ready["id"], sent=5)
    again = rollcall("resend-mails", ready["id"])
    assert (again.returncode, "emails.nothing_failed" in again.stderr) == (1, True)
    assert len(outside.mails(to=f"{tag}.")) == 5


def test_a_clean_import_runs_by_itself_and_another_waits_for_a_review(
    outside: Outside, rollcall: Rollcall, tag: str, tmp_path: Path
) -> None:
    experience, file = outside.experience(f"By itself {tag}"), tmp_path / "learners.csv"

    def run_import(content: bytes) -> dict[str, Any]:
        file.write_bytes(content)
        options = ("--experience", experience, "--emails", "hold", "--run-when-clean", "--wait", "--json")
        return dict(json.loads(rollcall("import", str(file), *options).stdout))

    finished = run_import(table(people(3, tag)))
    assert (finished["status"], finished["run"], finished["needs_review"]) == ("finished", "when-clean", False)
    assert finished["started_by"] == finished["submitted_by"]
    assert adds_up(finished)
    waiting = run_import(table([*people(4, tag), (f"{tag}@gmial.com", "Bo", "Ek")]))
    assert (waiting["status"], waiting["needs_review"], waiting["started_at"]) == ("ready", True, None)
    assert waiting["counts"]["warning"] == 1
    assert rollcall("release-mails", finished["id"]).returncode == 0
    mails_become(outside, finished["id"], sent=3)
