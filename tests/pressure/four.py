"""The four services as processes on the tests' Kafka and Postgres. The way to each database, and the mail server, are a
test's to make bad; what becomes of it is seen from outside."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil

from cli.local.ports import HOST
from cli.local.service_parts import SERVICES
from tests.pressure.background import Background
from tests.pressure.moods import MoodyOffice
from tests.stack.proxy import Proxy, quiet_port
from tests.stack.servers import CHECKOUT
from tests.system.outside import until

WINDOW = "500"  # rows under way of one import
OUTAGE_SECONDS = 120  # a slow machine's patience


class Service:
    """One process, which is never started again: a service that ends under pressure has failed its test."""

    def __init__(self, name: str, environment: dict[str, str], log: Path) -> None:
        self.port = quiet_port()
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"services.{name}"], cwd=CHECKOUT, stdout=output, stderr=output,
                env={**os.environ, **{f"ROLLCALL_{setting}": value for setting, value in environment.items()},
                     "ROLLCALL_PORT": str(self.port)},
            )  # fmt: skip

    def ask(self, path: str) -> httpx.Response:
        """The answer of a health page."""
        return httpx.get(f"http://{HOST}:{self.port}{path}", timeout=60, trust_env=False)

    def reasons(self) -> list[str]:
        """Why it is not ready; empty when it is."""
        answer = self.ask("/readyz")
        return [] if answer.is_success else list(answer.json()["reasons"])

    def impaired(self) -> list[str]:
        """What it cannot do, while it is ready for the rest."""
        answer = self.ask("/readyz")
        return list(answer.json().get("impaired", [])) if answer.is_success else [f"not ready: {answer.text}"]

    def is_ready(self) -> bool:
        """It serves, and has no reason not to be ready."""
        try:
            return not self.reasons()
        except httpx.TransportError:
            assert self.lives(), self.log.read_text()[-4000:]
            return False

    def lives(self) -> bool:
        """The process that was started has not ended."""
        return self.process.poll() is None

    def memory(self) -> float:
        """Megabytes that it has in memory."""
        return float(psutil.Process(self.process.pid).memory_info().rss / 1e6)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Four:
    """The services, and what lies between them and the world."""

    stack: dict[str, Any]  # as `Outside` wants it
    services: dict[str, Service]
    databases: dict[str, str]  # addresses that go past the proxies
    proxies: dict[str, Proxy]  # on the way to each service's database
    office: MoodyOffice
    background: Background
    kafka: str
    topic_prefix: str

    def are_well(self) -> bool:
        """All live, and all are ready."""
        assert all(service.lives() for service in self.services.values()), "a service has ended"
        return all(service.is_ready() for service in self.services.values())

    def until_well(self) -> None:
        """Wait until all is as it was."""
        until(self.are_well, seconds=OUTAGE_SECONDS, what="all services ready")

    def asked(self, service: str, query: str) -> Any:
        """What a service's database answers, past its proxy."""

        async def ask() -> Any:
            connection = await asyncpg.connect(self.databases[service])
            try:
                return await connection.fetchval(query)
            finally:
                await connection.close()

        return self.background.run(ask())

    def memory(self) -> dict[str, float]:
        """Megabytes, by service."""
        return {name: service.memory() for name, service in self.services.items()}


def environments(
    proxies: dict[str, Proxy], databases: dict[str, str], *, common: dict[str, str], office: MoodyOffice, files: Path
) -> dict[str, dict[str, str]]:
    """Settings by service; short waits, so that tests need not wait long."""
    own = {
        "intake": {"FILE_STORE_URL": files.as_uri(), "UPLOADS_PER_MINUTE": "1000", "READING_WINDOW": WINDOW},
        "notifier": {
            "SMTP_HOST": HOST, "SMTP_PORT": str(office.port), "MAILS_PER_SECOND": "0", "MAIL_RETRY_SECONDS": "0.5",
            "SMTP_SECONDS": "5", "SMTP_ANSWER_SECONDS": "30",
        },
    }  # fmt: skip
    return {
        name: {**common, "DATABASE_URL": _through(proxies[name], databases[name]), **own.get(name, {})}
        for name in SERVICES
    }


def _through(proxy: Proxy, address: str) -> str:
    credentials, _, place = address.rpartition("@")
    return f"{credentials}@{HOST}:{proxy.port}/{place.partition('/')[2]}"
