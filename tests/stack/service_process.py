"""One service as a process of its own, as `python -m services.NAME` starts it, and what it publishes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
from aiokafka import AIOKafkaConsumer, ConsumerRecord

from tests.stack.proxy import quiet_port

SECONDS = 120  # a slow machine's patience


class ServiceProcess:
    """May be killed and started again; then it answers at the same address and goes on writing to the same log."""

    def __init__(self, service: str, environment: Mapping[str, str], log: Path) -> None:
        port = str(quiet_port())
        self.environment = {"ROLLCALL_REPLICA": "0", "ROLLCALL_PORT": port, **environment}
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        self.running: subprocess.Popen[bytes]
        self._command = [sys.executable, "-m", f"services.{service}"]

    def launch(self) -> None:
        """Start it and look away."""
        with self.log.open("ab") as output:
            self.running = subprocess.Popen(
                self._command, env=os.environ | self.environment, stdout=output, stderr=output
            )

    async def start(self) -> None:
        """Start it and return when it is ready."""
        self.launch()
        await self.until_ready()

    async def until_ready(self) -> None:
        async with asyncio.timeout(SECONDS), self._client() as http:
            while not await _is_ready(http):
                assert self.running.poll() is None, self.log.read_text()
                await asyncio.sleep(0.1)

    async def get(self, path: str) -> httpx.Response:
        async with self._client() as http:
            return await http.get(path)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code."""
        self.running.send_signal(number)
        return await asyncio.to_thread(self.running.wait, SECONDS)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=60)


async def _is_ready(http: httpx.AsyncClient) -> bool:
    with suppress(httpx.TransportError):
        return (await http.get("/readyz")).is_success
    return False


@asynccontextmanager
async def service_process(service: str, environment: Mapping[str, str], log: Path) -> AsyncIterator[ServiceProcess]:
    """A service that is ready, and gone afterwards."""
    process = ServiceProcess(service, environment, log)
    await process.start()
    try:
        yield process
    finally:
        if process.running.poll() is None:
            await process.stop(signal.SIGKILL)


async def read_topic(kafka: str, name: str, count: int) -> list[ConsumerRecord]:
    """So many records of a topic, from its beginning; `name` has its prefix. Fails when they do not come."""
    records: list[ConsumerRecord] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(SECONDS), AIOKafkaConsumer(
            name, bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False
        ) as consumer:  # fmt: skip
            while len(records) < count:
                for some in (await consumer.getmany(timeout_ms=200)).values():
                    records += some
    assert len(records) >= count, f"{len(records)} of {count} records on {name}"
    return records
