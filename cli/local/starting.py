"""How far the start of a stack is: the supervisor writes it, `rollcall up` shows it."""

import json
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from cli.local.files import write_atomically
from cli.local.stack_file import read_json


class Step(StrEnum):
    """Where a part is on its way."""

    WAITING = "waiting"
    PREPARING = "preparing"  # downloads, empty data folders
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"


class StartReport:
    """The supervisor's side: every change is in the file at once."""

    def __init__(self, file: Path, names: Iterable[str]) -> None:
        self._file = file
        self._steps = dict.fromkeys(names, Step.WAITING)
        self._failure = ""
        self._write()

    def tell(self, name: str, step: Step) -> None:
        """A part has got to a step."""
        self._steps[name] = step
        self._write()

    def fail(self, name: str | None, message: str) -> None:
        """The start has failed; the message says where to look."""
        self._failure = message
        if name in self._steps:
            self._steps[name] = Step.FAILED
        self._write()

    def _write(self) -> None:
        write_atomically(self._file, json.dumps({"steps": self._steps, "failure": self._failure}))


def read_start(file: Path) -> tuple[dict[str, Step], str]:
    """The reader's side: each part's step, and the failure or nothing."""
    found = read_json(file)
    return {name: Step(step) for name, step in found.get("steps", {}).items()}, found.get("failure", "")
