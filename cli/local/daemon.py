"""The supervisor as `rollcall up` and `rollcall down` see it: start its process, wait for it, end it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from cli.local.lock import holder, is_held
from cli.local.part import end_with_parent
from cli.local.processes import end_leftovers
from cli.local.stack_file import CHECKOUT, HOME, Home
from cli.local.starting import Step, read_start

ALREADY_RUNNING = 75  # exit code of a supervisor whose home another one holds
_STOP_SECONDS = 90.0
_LOOK_SECONDS = 0.15


def spawn(home: Home, *, fresh: bool, detach: bool) -> subprocess.Popen[bytes]:
    """Start a supervisor. Detached it outlives us; otherwise it stops when we end, however we end."""
    home.path.mkdir(parents=True, exist_ok=True)
    home.starting.unlink(missing_ok=True)
    _keep_one_older_log(home)
    with home.log("supervisor").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "cli.local.stack", *(["--fresh"] if fresh else [])],
            cwd=CHECKOUT,
            env={**os.environ, HOME: str(home.path)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=None if detach else lambda: end_with_parent(signal.SIGTERM),
        )


def wait_started(
    home: Home, supervisor: subprocess.Popen[bytes] | None, show: Callable[[Mapping[str, Step]], None]
) -> str:
    """Wait until the stack is up, showing each part's step; returns why it failed, or nothing."""
    while True:
        ended = supervisor.poll() is not None if supervisor is not None else not is_held(home.lock)
        steps, failure = read_start(home.starting)
        show(steps)
        if home.stack.exists() and not ended and all(step is Step.READY for step in steps.values()):
            return ""
        if ended:
            return failure or f"the supervisor ended; its log is {home.log('supervisor')}"
        time.sleep(_LOOK_SECONDS)


def stop(home: Home) -> bool:
    """End the stack, also one whose supervisor was killed. False when there was nothing to end."""
    pid = holder(home.lock)
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while is_held(home.lock) and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        if is_held(home.lock):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    return end_leftovers(home) > 0 or pid is not None


def _keep_one_older_log(home: Home) -> None:
    folder = home.log("supervisor").parent
    folder.mkdir(exist_ok=True)
    for log in folder.glob("*.log"):
        log.replace(log.with_suffix(".log.1"))
