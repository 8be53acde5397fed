"""What the stack tells others: whole, for the owner's eyes, and true."""

import json
import os
from pathlib import Path

from cli.local.files import write_atomically
from cli.local.lock import hold, holder, is_held
from cli.local.processes import living_processes, note_processes
from cli.local.stack_file import Home, Stack, find_home, passwords
from cli.local.starting import StartReport, Step, read_start

STACK = Stack(
    base_url="http://127.0.0.1:8000", user="u", token="t", other_user="o", other_token="ot", experience_id="e",
    kafka="127.0.0.1:9092", databases={"intake": "postgresql://"}, directory_token="d", smtp="127.0.0.1:25", inbox="/inbox", services={}, pids={"kafka": [1]},
)  # fmt: skip


def test_a_file_is_replaced_whole_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "stack.json"
    file.write_text("old")
    write_atomically(file, "new")
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_the_stack_file_has_what_clients_look_for(tmp_path: Path) -> None:
    STACK.write(tmp_path / "stack.json")
    told = json.loads((tmp_path / "stack.json").read_text())
    assert set(told) == {
        "base_url", "user", "token", "other_user", "other_token", "experience_id", "kafka", "databases", "directory_token", "smtp",
        "inbox", "services", "pids",
    }  # fmt: skip


def test_passwords_stay_from_start_to_start(tmp_path: Path) -> None:
    first = passwords(Home(tmp_path), ["intake"])
    assert passwords(Home(tmp_path), ["intake", "validator"])["intake"] == first["intake"]
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_one_supervisor_holds_a_home(tmp_path: Path) -> None:
    lock = hold(tmp_path / "lock")
    assert lock is not None
    with lock:
        assert hold(tmp_path / "lock") is None
        assert holder(tmp_path / "lock") == os.getpid()
    assert not is_held(tmp_path / "lock")
    assert holder(tmp_path / "lock") is None


def test_a_process_that_has_a_noted_number_but_another_birth_is_not_ours(tmp_path: Path) -> None:
    note_processes(tmp_path / "processes.json", [os.getpid()])
    assert [process.pid for process in living_processes(tmp_path / "processes.json")] == [os.getpid()]
    noted = json.loads((tmp_path / "processes.json").read_text())
    noted["processes"][0][1] -= 100
    (tmp_path / "processes.json").write_text(json.dumps(noted))
    assert list(living_processes(tmp_path / "processes.json")) == []


def test_a_failed_start_names_its_part(tmp_path: Path) -> None:
    report = StartReport(tmp_path / "starting.json", ["kafka", "intake"])
    report.tell("kafka", Step.READY)
    report.fail("intake", "intake ended; its log is /logs/intake.log")
    assert read_start(tmp_path / "starting.json") == (
        {"kafka": Step.READY, "intake": Step.FAILED}, "intake ended; its log is /logs/intake.log",
    )  # fmt: skip


def test_the_home_is_in_the_checkout_unless_the_environment_names_one(tmp_path: Path) -> None:
    assert find_home({"ROLLCALL_HOME": str(tmp_path)}) == tmp_path
    assert find_home({}) == Path(__file__).parents[4] / ".rollcall"
