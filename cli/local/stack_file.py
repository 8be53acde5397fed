"""Where the local stack keeps its things, and the files in which it tells others about itself."""

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cli.local.files import write_atomically

HOME = "ROLLCALL_HOME"
CHECKOUT = Path(__file__).resolve().parents[2]


def find_home(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of this checkout's stack, or the one that the environment names."""
    return Path(environment.get(HOME) or CHECKOUT / ".rollcall").absolute()


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one local stack and what lies where in it."""

    path: Path

    @property
    def stack(self) -> Path:
        """Addresses, tokens and process ids of the running stack; there while it is up."""
        return self.path / "stack.json"

    @property
    def starting(self) -> Path:
        """How far a start is."""
        return self.path / "starting.json"

    @property
    def processes(self) -> Path:
        """The supervisor and the parts it has started."""
        return self.path / "processes.json"

    @property
    def lock(self) -> Path:
        """Held by the supervisor as long as it lives."""
        return self.path / "supervisor.lock"

    @property
    def ports(self) -> Path:
        """The ports of last time."""
        return self.path / "ports.json"

    @property
    def secrets(self) -> Path:
        """Passwords of the databases and tokens of the demo's people; only the owner may read it."""
        return self.path / "secrets.json"

    @property
    def data(self) -> Path:
        """What survives a stop: Kafka's log, the databases, source files, mails."""
        return self.path / "data"

    def log(self, part: str) -> Path:
        """The log file of a part."""
        return self.path / "logs" / f"{part}.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What a client of the local stack needs to know; `stack.json` has exactly these fields."""

    base_url: str
    user: str
    token: str
    other_user: str
    other_token: str
    experience_id: str
    kafka: str
    databases: dict[str, str]
    directory_token: str
    smtp: str
    inbox: str
    services: dict[str, str]
    pids: dict[str, list[int]]

    def write(self, file: Path) -> None:
        """Tell everybody, in one step."""
        write_atomically(file, json.dumps(asdict(self), indent=2) + "\n")


def read_json(file: Path) -> dict[str, Any]:
    """What the file says; nothing when there is none."""
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}


def passwords(home: Home, names: Iterable[str]) -> dict[str, str]:
    """A password for each name, made up at the first call."""
    known = read_json(home.secrets)
    kept: dict[str, str] = known.setdefault("passwords", {})
    chosen = {name: kept.setdefault(name, secrets.token_urlsafe(24)) for name in names}
    write_atomically(home.secrets, json.dumps(known, indent=2))
    return chosen
