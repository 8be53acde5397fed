"""A service as a process: start, kill, stop, outage, exit codes."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.kafka.admin import apply_topics
from shared.kafka.publish import Publisher
from shared.settings import ServiceSettings
from shared.topics import CHECKS, ROWS
from tests.stack.proxy import quiet_port

from .conftest import row, until

ROOT = Path(__file__).parents[3]
SCRIPT = Path(__file__).with_name("echo_service.py")
SECONDS = 120  # a slow machine's patience


class Process:
    """One run of the echo service."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, out: Path, log: Path) -> None:
        self.process, self.port, self.out, self.log = process, port, out, log

    def handled(self) -> list[int]:
        lines = self.out.read_text().splitlines() if self.out.exists() else []
        return [number for line in lines for number in json.loads(line)]

    def said(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    async def until_handled(self, count: int) -> None:
        await until(lambda: len(set(self.handled())) >= count, SECONDS)

    def has_begun(self) -> bool:
        """A batch is, or was, in the handler."""
        return self.out.with_name("begun").exists()

    async def asked(self, path: str) -> httpx.Response:
        async with self._client() as client:
            return await client.get(path)

    async def until_ready(self) -> None:
        async with self._client() as client:
            await until(lambda: is_ready(client), SECONDS)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=60)

    async def stop(self, seconds: float = 90) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), seconds)


async def is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


Start = Callable[..., Awaitable[Process]]


@pytest.fixture(autouse=True)
async def all_topics(settings: ServiceSettings) -> None:
    await apply_topics(settings)


@pytest.fixture
async def start(settings: ServiceSettings, tmp_path: Path) -> AsyncIterator[Start]:
    """`await start(ECHO_PAUSE="0.2")`: the service, with these variables besides the usual ones."""
    processes: list[Process] = []

    async def start_one(**variables: str) -> Process:
        port = quiet_port()
        log, out = tmp_path / f"log-{len(processes)}.jsonl", tmp_path / "out.jsonl"
        environment = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "ROLLCALL_PORT": str(port), "ECHO_OUT": str(out),
            "ROLLCALL_KAFKA_BOOTSTRAP": settings.kafka_bootstrap, "ROLLCALL_TOPIC_PREFIX": settings.topic_prefix,
            "ROLLCALL_DATABASE_URL": "postgresql://nobody@localhost/none", "ROLLCALL_STOP_SECONDS": "20", **variables,
        }  # fmt: skip
        with log.open("w") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, str(SCRIPT), env=environment, stdout=output, stderr=output
            )
        processes.append(Process(process, port, out, log))
        return processes[-1]

    yield start_one
    for one in processes:
        if one.process.returncode is None:
            one.process.kill()
            await one.process.wait()


async def test_nothing_is_lost_when_the_process_is_killed_in_the_middle_of_batches(
    publisher: Publisher, start: Start, on_topic: Any
) -> None:
    await publisher.publish(ROWS, [row(number) for number in range(600)])
    for _ in range(2):
        service = await start(ECHO_PAUSE="0.1", ROLLCALL_REPLICA="0")
        seen = len(set(service.handled()))
        await service.until_handled(min(seen + 100, 600))  # it goes on until it is killed
        service.process.kill()
        await service.process.wait()
    service = await start(ROLLCALL_REPLICA="0")
    await service.until_handled(600)
    assert await service.stop() == 0
    assert set(service.handled()) == set(range(600))
    assert {record.value for record in await on_topic(CHECKS)} == {row(number).value for number in range(600)}


async def test_a_service_lives_gets_ready_works_and_stops_when_told(
    publisher: Publisher, start: Start, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    service = await start(ECHO_GATE=str(gate))
    await service.until_ready()
    assert (await service.asked("/livez")).json() == {"status": "ok"}
    await publisher.publish(ROWS, [row(number, partition=0) for number in range(50)])
    await until(service.has_begun)
    text = (await service.asked("/metrics")).text
    assert 'rollcall_consumer_since_poll_seconds{topic="imports.rows"}' in text
    stopping = asyncio.ensure_future(service.stop())
    await until(lambda: "service.stopping" in service.log.read_text())
    gate.touch()
    assert await stopping == 0
    assert service.handled() == list(range(50))  # the batch in flight was finished
    handled = [line for line in service.said() if line["event"] == "batch.handled"]
    assert [(line["topic"], line["size"], line["rejected"]) for line in handled] == [("imports.rows", 50, 0)]
    assert "example.org" not in service.log.read_text()


async def test_a_loop_that_ends_ends_the_process_and_its_error_is_told_without_values(start: Start) -> None:
    service = await start(ECHO_MODE="loop ends")
    assert await asyncio.wait_for(service.process.wait(), SECONDS) == 1
    (failed,) = [line for line in service.said() if line["event"] == "service.failed"]
    assert "loop ends_soon raised KeyError at echo_service.py" in failed["reason"]
    assert "somebody@example.org" not in service.log.read_text()


async def test_a_taken_port_ends_the_process_with_a_reason(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        service = await start(ROLLCALL_PORT=str(taken.getsockname()[1]))
        assert await asyncio.wait_for(service.process.wait(), SECONDS) == 1
    assert "cannot listen on" in service.log.read_text()


async def test_a_stop_that_hangs_ends_hard(start: Start) -> None:
    service = await start(ECHO_MODE="hangs when stopped", ROLLCALL_STOP_SECONDS="-8")
    await service.until_ready()
    assert await service.stop() == 70


async def test_a_service_waits_for_its_topics_and_says_which(start: Start) -> None:
    service = await start(ROLLCALL_TOPIC_PREFIX="nowhere.")
    await until(lambda: "rollcall topics apply" in service.log.read_text(), SECONDS)
    assert (await service.asked("/livez")).status_code == 200
    assert (await service.asked("/readyz")).status_code == 503
    assert await service.stop() == 0


async def test_a_broker_that_goes_away_delays_work_and_loses_none(
    settings: ServiceSettings, publisher: Publisher, start: Start
) -> None:
    async with tunnel(settings.kafka_bootstrap) as (port, cut, mend):
        service = await start(ECHO_TUNNEL=f"{settings.kafka_bootstrap.rpartition(':')[2]}:{port}")
        await service.until_ready()
        await publisher.publish(ROWS, [row(number) for number in range(50)])
        await service.until_handled(50)
        await cut()
        await publisher.publish(ROWS, [row(number) for number in range(50, 100)])
        await asyncio.sleep(1.5)
        assert len(service.handled()) == 50
        assert (await service.asked("/livez")).status_code == 200
        assert (await service.asked("/readyz")).status_code == 503
        await mend()
        await service.until_handled(100)
        assert await service.stop() == 0


async def test_a_stop_while_the_broker_is_away_and_a_batch_waits_for_it_is_bounded(
    settings: ServiceSettings, publisher: Publisher, start: Start, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    async with tunnel(settings.kafka_bootstrap) as (port, cut, _):
        service = await start(
            ECHO_TUNNEL=f"{settings.kafka_bootstrap.rpartition(':')[2]}:{port}", ECHO_GATE=str(gate),
            ROLLCALL_STOP_SECONDS="2",
        )  # fmt: skip
        await service.until_ready()
        await publisher.publish(ROWS, [row(number) for number in range(50)])
        await until(service.has_begun)
        await cut()
        gate.touch()  # the batch is in the handler and will meet a broker that is gone
        await asyncio.sleep(0.5)
        # Two seconds of grace, ten more for the rest; without them it ends with the batch, which waits for 40.
        assert await service.stop(seconds=30) in (0, 70)
        assert service.handled() == []


@asynccontextmanager
async def tunnel(
    broker: str,
) -> AsyncIterator[tuple[int, Callable[[], Awaitable[None]], Callable[[], Awaitable[None]]]]:
    """A port that leads to the broker, until it is cut."""
    host, _, port = broker.rpartition(":")
    streams: set[asyncio.StreamWriter] = set()
    open_now = True

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        except OSError:
            pass
        finally:
            target.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not open_now:
            writer.close()
            return
        upstream_reader, upstream_writer = await asyncio.open_connection(host, int(port))
        streams.update((writer, upstream_writer))
        await asyncio.gather(pump(reader, upstream_writer), pump(upstream_reader, writer))

    async def cut() -> None:
        nonlocal open_now
        open_now = False
        for stream in streams:
            stream.close()
        streams.clear()

    async def mend() -> None:
        nonlocal open_now
        open_now = True

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], cut, mend
    finally:
        await cut()
        server.close()
        await asyncio.sleep(0.05)
