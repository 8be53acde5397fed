"""A part of the local stack: a program to start, how to see that it is ready, and how to stop it."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class PartFailed(Exception):
    """A part did not get ready; says which one and where its log is."""

    def __init__(self, name: str, log: Path, why: str) -> None:
        super().__init__(f"{name} {why}; its log is {log}")
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What to start. `ready` raises as long as the part does not answer."""

    name: str
    command: Sequence[str | Path]
    folder: Path  # working directory
    log: Path
    ready: Callable[[], Awaitable[object]]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    start_seconds: float = 120.0  # an old laptop with other things to do
    stop_seconds: float = 35.0
    user: int | None = None  # numeric user to run as, where ours is not allowed


async def start(part: Part) -> asyncio.subprocess.Process:
    """The part's process, in a process group of its own, told by the kernel to stop should we die."""
    part.log.parent.mkdir(parents=True, exist_ok=True)
    with part.log.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *part.command,
            cwd=part.folder,
            env={**os.environ, **part.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            user=part.user,
            group=part.user,
            extra_groups=None if part.user is None else (),
            preexec_fn=lambda: end_with_parent(part.stop_signal),
        )


async def wait_ready(part: Part, process: asyncio.subprocess.Process) -> None:
    """Return when the part answers; PartFailed when it ends before that or takes too long."""
    deadline = asyncio.get_running_loop().time() + part.start_seconds
    while asyncio.get_running_loop().time() < deadline:
        if process.returncode is not None:
            raise PartFailed(part.name, part.log, f"ended with code {process.returncode} while starting")
        with suppress(Exception):  # whatever the reason: not ready yet
            async with asyncio.timeout(5):
                await part.ready()
            return
        await asyncio.sleep(0.1)
    raise PartFailed(part.name, part.log, f"was not ready within {part.start_seconds:.0f} seconds")


async def stop(part: Part, process: asyncio.subprocess.Process) -> None:
    """Ask the part to end, and end it hard when it does not."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(part.stop_signal)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), part.stop_seconds)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # what it may have left in its group, or itself
    await process.wait()


def end_with_parent(stop_signal: signal.Signals) -> None:
    """Called in a new process: have the kernel send it this signal when the process that started it is gone."""
    if _LIBC is not None:  # elsewhere `rollcall down` finds what a killed supervisor left
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(stop_signal))
