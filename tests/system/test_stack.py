"""`rollcall up` and `down`: dead parts are replaced, data survives, nothing stays behind."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from .outside import Outside, until

Rollcall = Callable[..., "subprocess.CompletedProcess[str]"]
ROLLCALL = Path(sys.executable).with_name("rollcall")
EXIT_SECONDS = 150.0  # the services and then the servers may take 35 each


def told(file: str | Path) -> dict[str, Any]:
    return dict(json.loads(Path(file).read_text()))


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def processes_of(home: Path) -> list[int]:
    """Every process that was started for this home: the supervisor, the parts and what they have started."""
    mark = f"ROLLCALL_HOME={home}\0".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (folder / "environ").read_bytes() and int(folder.name) != os.getpid():
                found.append(int(folder.name))
    return found


class TestAStackThatIsUp:
    def test_stack_json_says_where_everything_is(self, running_stack: dict[str, Any]) -> None:
        assert httpx.get(f"{running_stack['base_url']}/livez", timeout=60).status_code == 200
        for address in (running_stack["kafka"], running_stack["smtp"]):
            host, port = address.split(":")
            socket.create_connection((host, int(port)), timeout=5).close()
        assert set(running_stack["databases"]) == {"intake", "validator", "provisioner", "notifier"}
        assert Path(running_stack["inbox"]).is_dir()
        assert all(is_alive(pid) for pids in running_stack["pids"].values() for pid in pids)
        assert Path(running_stack["file"]).stat().st_mode & 0o077 == 0

    def test_every_service_is_ready(self, running_stack: dict[str, Any]) -> None:
        services = running_stack["services"].items()
        ready = {name: httpx.get(f"{url}/readyz", timeout=60).status_code for name, url in services}
        assert ready == dict.fromkeys(("intake", "validator", "provisioner", "notifier"), 200)

    def test_the_other_person_administers_nothing(self, running_stack: dict[str, Any]) -> None:
        mine, theirs = Outside(running_stack), Outside(running_stack, token=running_stack["other_token"])
        assert running_stack["experience_id"] in [item["id"] for item in mine.http.get("/experiences").json()["items"]]
        assert theirs.http.get("/experiences").json()["items"] == []

    def test_a_second_up_says_that_one_is_up(self, running_stack: dict[str, Any], rollcall: Rollcall) -> None:
        again = rollcall("up", "--detach")
        assert again.returncode == 0
        assert "up already" in again.stdout
        assert told(running_stack["file"])["pids"] == running_stack["pids"]

    @pytest.mark.parametrize("part", ["inbox", "validator", "intake"])
    def test_a_killed_part_is_replaced_and_stack_json_says_so(self, running_stack: dict[str, Any], part: str) -> None:
        before = running_stack["pids"][part]
        os.kill(before[0], signal.SIGKILL)
        after = until(
            lambda: (pids := told(running_stack["file"])["pids"][part]) != before and pids,
            what=f"a new {part}",
        )
        assert not is_alive(before[0])
        assert is_alive(after[0])


@dataclass(kw_only=True)
class Life:
    """What was seen of a stack that was started, stopped, started in the foreground, killed, and started fresh."""

    first: dict[str, Any]
    left_by_down: list[int]
    file_left_by_down: bool
    second: dict[str, Any]
    experiences_second: list[str]
    left_by_kill: list[int]
    fresh: dict[str, Any]
    experiences_fresh: list[str]


@pytest.fixture(scope="module")
def home(new_home: Callable[[], Path]) -> Iterator[Path]:
    home = new_home()
    yield home
    rollcall_in(home, "down")
    until(lambda: not processes_of(home), seconds=EXIT_SECONDS, what="the end of every process")


@pytest.fixture(scope="module")
def life(home: Path) -> Life:
    first = start(home)
    Outside(first).experience("Kept")
    rollcall_in(home, "down")
    left_by_down, file_left_by_down = processes_of(home), (home / "stack.json").exists()

    foreground = subprocess.Popen(
        [ROLLCALL, "up"], env=environment(home), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    second = until(
        lambda: (home / "stack.json").exists() and told(home / "stack.json"), seconds=300, what="the second start"
    )
    experiences_second = experiences(second)
    foreground.kill()
    foreground.wait()
    with suppress(AssertionError):
        until(lambda: not processes_of(home), seconds=EXIT_SECONDS, what="the end of every process")
    left_by_kill = processes_of(home)

    fresh = start(home, "--fresh")
    return Life(
        first=first, left_by_down=left_by_down, file_left_by_down=file_left_by_down, second=second,
        experiences_second=experiences_second, left_by_kill=left_by_kill, fresh=fresh, experiences_fresh=experiences(fresh),
    )  # fmt: skip


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "ROLLCALL_HOME": str(home)}


def rollcall_in(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [ROLLCALL, *arguments],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def start(home: Path, *options: str) -> dict[str, Any]:
    started = rollcall_in(home, "up", "--detach", *options)
    assert started.returncode == 0, started.stdout + started.stderr
    return told(home / "stack.json")


def experiences(stack: dict[str, Any]) -> list[str]:
    return [item["name"] for item in Outside(stack).http.get("/experiences").raise_for_status().json()["items"]]


def test_down_leaves_no_process_and_no_stack_file(life: Life) -> None:
    assert life.left_by_down == []
    assert not life.file_left_by_down


def test_data_and_tokens_survive_down_and_up(life: Life) -> None:
    assert "Kept" in life.experiences_second
    same = ("token", "other_token", "experience_id", "base_url", "kafka", "smtp", "databases")
    assert {name: life.second[name] for name in same} == {name: life.first[name] for name in same}


def test_nothing_outlives_an_up_in_the_foreground_that_is_killed(life: Life) -> None:
    assert life.left_by_kill == []


def test_fresh_starts_empty(life: Life) -> None:
    assert "Kept" not in life.experiences_fresh
    assert life.fresh["token"] != life.second["token"]


def test_a_killed_supervisor_takes_its_parts_along_and_down_clears_up(life: Life, home: Path) -> None:
    os.kill(int((home / "supervisor.lock").read_text()), signal.SIGKILL)
    assert rollcall_in(home, "down").returncode == 0
    until(lambda: not processes_of(home), seconds=EXIT_SECONDS, what="the end of every process")
    assert not (home / "stack.json").exists()


def test_two_stacks_at_once_do_not_share_an_address(life: Life, running_stack: dict[str, Any]) -> None:
    for name in ("base_url", "kafka", "smtp", "inbox"):
        assert life.fresh[name] != running_stack[name]


def test_a_start_that_fails_names_the_part_and_its_log_and_leaves_nothing(new_home: Callable[[], Path]) -> None:
    home = new_home()
    (home / "data" / "kafka").mkdir(parents=True)
    (home / "data" / "kafka" / "data").write_text("a file where Kafka's data folder should be")
    failed = rollcall_in(home, "up", "--detach")
    assert failed.returncode == 1
    said = " ".join(failed.stdout.split())
    assert "The stack did not start: kafka" in said
    assert "kafka.log" in said
    assert processes_of(home) == []
