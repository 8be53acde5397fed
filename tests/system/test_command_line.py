"""The command line from outside: its exit codes, its JSON, and what operators ask of it."""

import json
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .outside import people, table, until

Rollcall = Callable[..., subprocess.CompletedProcess[str]]
IMPORTED, REFUSED, SOME_NOT_IMPORTED = 0, 1, 3


@pytest.fixture
def tag() -> str:
    return f"c{uuid.uuid4().hex[:8]}"


@pytest.fixture
def experience(running_stack: dict[str, Any], rollcall: Rollcall, tag: str) -> str:
    return str(json.loads(rollcall("experience", "create", f"Command line {tag}", "--json").stdout)["id"])


def run_import(rollcall: Rollcall, file: Path, experience: str, *options: str) -> tuple[int, dict[str, Any]]:
    done = rollcall("import", str(file), "--experience", experience, "--run", "--wait", "--json", *options)
    return done.returncode, json.loads(done.stdout)


def test_a_clean_file_is_imported_with_exit_code_0(
    rollcall: Rollcall, experience: str, tag: str, tmp_path: Path
) -> None:
    file = tmp_path / "clean.csv"
    file.write_bytes(table(people(3, tag)))
    code, found = run_import(rollcall, file, experience, "--emails", "none")
    assert (code, found["status"], found["counts"]["created"]) == (IMPORTED, "finished", 3)


def test_a_file_with_a_bad_row_ends_with_exit_code_3_and_says_why(
    rollcall: Rollcall, experience: str, tag: str, tmp_path: Path
) -> None:
    file = tmp_path / "bad-row.csv"
    file.write_bytes(table([*people(1, tag), ("nobody", "No", "Address")]))
    code, found = run_import(rollcall, file, experience, "--emails", "none")
    assert (code, found["counts"]["not_imported"]) == (SOME_NOT_IMPORTED, 1)
    records = json.loads(rollcall("records", found["id"], "--status", "error", "--json").stdout)
    assert [record["problems"][0]["code"] for record in records] == ["email.invalid"]


def test_a_rejected_file_ends_with_exit_code_1_and_a_sentence(
    rollcall: Rollcall, experience: str, tmp_path: Path
) -> None:
    file = tmp_path / "no-email.csv"
    file.write_bytes(table([("Ada",)], header=("First Name",)))
    done = rollcall("import", str(file), "--experience", experience, "--wait")
    assert done.returncode == REFUSED
    assert "header.missing_column" in done.stdout


def test_a_refusal_of_the_server_is_one_line_with_its_code(rollcall: Rollcall, running_stack: dict[str, Any]) -> None:
    done = rollcall("status", str(uuid.uuid4()))
    assert done.returncode == REFUSED
    assert done.stderr.strip().endswith("(not_found)")
    assert "Traceback" not in done.stderr


def test_a_server_that_is_not_there_is_one_line(rollcall: Rollcall, running_stack: dict[str, Any]) -> None:
    done = rollcall("status", str(uuid.uuid4()), ROLLCALL_SERVER="http://127.0.0.1:9")
    assert done.returncode == REFUSED
    assert "server.away" in done.stderr


def test_the_template_has_the_headers_of_the_type(rollcall: Rollcall, running_stack: dict[str, Any]) -> None:
    assert rollcall("template").stdout.splitlines()[0] == "Email,First Name,Last Name"


def test_lag_is_told_for_every_group_and_goes_to_nothing(rollcall: Rollcall, running_stack: dict[str, Any]) -> None:
    lags = json.loads(rollcall("lag", "--json").stdout)
    assert {(lag["service"], lag["topic"]) for lag in lags} >= {
        ("validator", "imports.rows"),
        ("intake", "imports.checks"),
    }
    assert all(lag["lag"] >= 0 for lag in lags)


def test_topics_are_there_and_applying_them_again_changes_nothing(
    rollcall: Rollcall, running_stack: dict[str, Any]
) -> None:
    assert rollcall("topics", "check").returncode == 0
    assert rollcall("topics", "apply").stdout.strip() == "nothing to change"


def test_a_revoked_token_opens_nothing(rollcall: Rollcall, running_stack: dict[str, Any], tag: str) -> None:
    email = f"{tag}@northfield-college.org"
    token = rollcall("token", "create", email, "--name", "for a test").stdout.strip()
    assert rollcall("experience", "list", "--token", token).returncode == 0
    token_id = rollcall("token", "list", email).stdout.split()[0]
    assert rollcall("token", "revoke", token_id).returncode == 0
    refused = rollcall("experience", "list", "--token", token)
    assert (refused.returncode, "auth.invalid" in refused.stderr) == (REFUSED, True)


def test_an_account_added_and_removed_by_hand_changes_what_is_planned(
    rollcall: Rollcall, experience: str, tag: str, tmp_path: Path
) -> None:
    email = f"hand.{tag}@northfield-college.org"
    file = tmp_path / "one.csv"
    file.write_bytes(table([(email, "By", "Hand")]))
    assert rollcall("account", "add", email).returncode == 0
    plan_becomes(rollcall, file, experience, "add")
    assert rollcall("membership", "add", experience, email).returncode == 0
    plan_becomes(rollcall, file, experience, "nothing")
    assert rollcall("account", "remove", email).returncode == 0
    plan_becomes(rollcall, file, experience, "create")


def plan_becomes(rollcall: Rollcall, file: Path, experience: str, plan: str) -> None:
    """Wait until the plan is this one: the validator hears of changes a moment later."""

    def is_planned() -> bool:
        done = rollcall("import", str(file), "--experience", experience, "--wait", "--json")
        return bool(json.loads(done.stdout)["counts"][plan] == 1)

    until(is_planned, what=f"the plan {plan}")
