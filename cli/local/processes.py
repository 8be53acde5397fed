"""The processes of a stack on disk, so that another process can stop what a killed supervisor has left."""

import json
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from cli.local.files import write_atomically
from cli.local.stack_file import Home, read_json

_CLOCK_SECONDS = 2.0  # by how much the clock may be set and a process still be the one written down
_PATIENCE_SECONDS = 20.0


def note_processes(file: Path, pids: Iterable[int]) -> None:
    """Write down the processes with their times of birth: a number alone may belong to somebody else later."""
    noted = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            noted.append([pid, psutil.Process(pid).create_time()])
    write_atomically(file, json.dumps({"processes": noted}))


def living_processes(file: Path) -> Iterator[psutil.Process]:
    """Those that are still the ones that were written down."""
    for pid, born in read_json(file).get("processes", ()):
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if abs(process.create_time() - born) < _CLOCK_SECONDS and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def end_leftovers(home: Home) -> int:
    """Stop what a killed supervisor has left; returns how many processes that were."""
    processes = list(living_processes(home.processes))
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
    _, stubborn = psutil.wait_procs(processes, timeout=_PATIENCE_SECONDS)
    for process in stubborn:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=_PATIENCE_SECONDS)
    for file in (home.processes, home.stack):
        file.unlink(missing_ok=True)
    return len(processes)
