"""A whole stack for tests that see Rollcall from outside only. Imports nothing of ours."""

import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[2]
ROLLCALL = Path(sys.executable).with_name("rollcall")


@pytest.fixture(scope="session")
def new_home() -> Iterator[Callable[[], Path]]:
    """Makes folders for stacks. Not in pytest's own folder, which is closed: Postgres may run as somebody else than we do."""
    with tempfile.TemporaryDirectory(prefix="rollcall-system-") as folder:
        Path(folder).chmod(0o755)
        numbers = itertools.count()

        def make() -> Path:
            home = Path(folder) / str(next(numbers))
            home.mkdir()
            return home

        yield make


@pytest.fixture(scope="session")
def stack_home(new_home: Callable[[], Path]) -> Path:
    """The folder of the session's stack."""
    return new_home()


@pytest.fixture(scope="session")
def rollcall(stack_home: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`rollcall("up", "--detach")`: the command line, for the session's stack."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ROLLCALL, *arguments], cwd=CHECKOUT, env={**os.environ, "ROLLCALL_HOME": str(stack_home), **environment},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    return run


@pytest.fixture(scope="session")
def session_stack(stack_home: Path, rollcall: Callable[..., subprocess.CompletedProcess[str]]) -> Iterator[Path]:
    """The session's stack, up; it ends with the session."""
    started = rollcall("up", "--detach", ROLLCALL_WEBHOOKS_ALLOW="127.0.0.1")
    try:
        assert started.returncode == 0, started.stdout + started.stderr + last_lines(stack_home)
        yield stack_home / "stack.json"
    finally:
        rollcall("down")


@pytest.fixture
def running_stack(session_stack: Path) -> dict[str, Any]:
    """What stack.json says now, and under `file` where that is."""
    return {**json.loads(session_stack.read_text()), "file": str(session_stack)}


def last_lines(home: Path, lines: int = 15) -> str:
    """The end of each log, for the message of a start that failed."""
    ends = (f"--- {log.name}\n" + "\n".join(log.read_text().splitlines()[-lines:]) for log in home.glob("logs/*.log"))
    return "\n".join(ends)
