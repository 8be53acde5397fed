"""The four services as parts of the local stack: what each is told through its environment."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from cli.local.part import Part
from cli.local.ports import HOST
from cli.local.stack_file import CHECKOUT

SERVICES = ("intake", "validator", "provisioner", "notifier")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where everything answers."""

    ports: Mapping[str, int]
    databases: Mapping[str, str]
    directory_token: str  # opens the provisioner's directory API

    @property
    def kafka(self) -> str:
        """The broker."""
        return f"{HOST}:{self.ports['kafka']}"

    @property
    def smtp(self) -> str:
        """The inbox."""
        return f"{HOST}:{self.ports['inbox']}"

    def url(self, service: str) -> str:
        """The HTTP port of a service."""
        return f"http://{HOST}:{self.ports[service]}"


def service_part(name: str, addresses: Addresses, *, files: Path, log: Path) -> Part:
    """A service as its own process."""
    return Part(
        name=name, command=[sys.executable, "-m", f"services.{name}"], folder=CHECKOUT, log=log,
        environment=_environment(name, addresses, files), ready=lambda: _ready(f"{addresses.url(name)}/readyz"),
    )  # fmt: skip


def _environment(name: str, addresses: Addresses, files: Path) -> dict[str, str]:
    common = {
        "KAFKA_BOOTSTRAP": addresses.kafka,
        "DATABASE_URL": addresses.databases[name],
        "HOST": HOST,
        "PORT": str(addresses.ports[name]),
        "REPLICA": "0",
    }
    own = {
        "intake": {"BASE_URL": addresses.url("intake"), "FILE_STORE_URL": files.as_uri()},
        "provisioner": {"DIRECTORY_TOKEN": addresses.directory_token},
        "notifier": {
            "BASE_URL": addresses.url("intake"),
            "SMTP_HOST": HOST,
            "SMTP_PORT": str(addresses.ports["inbox"]),
        },
    }
    return {f"ROLLCALL_{setting}": value for setting, value in (common | own.get(name, {})).items()}


async def _ready(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        (await http.get(url)).raise_for_status()
