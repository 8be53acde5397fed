"""The whole system from real parts in one event loop: any number of replicas of each service, each service behind
proxies of its own to Kafka, Postgres and the mail server, and people behind one more to intake."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from cli.local.inbox import inbox_part
from cli.local.kafka import kafka_part
from cli.local.other_user import remove_data
from cli.local.part import Part, PartFailed
from cli.local.ports import HOST
from cli.local.postgres import admin_dsn, make_databases, postgres_part
from cli.local.service_parts import SERVICES, Addresses, service_part
from cli.local.stack_file import CHECKOUT, Home
from cli.local.supervisor import Supervisor
from shared.kafka.admin import apply_topics
from shared.settings import KafkaSettings
from tests.stack.proxy import Proxy, quiet_port

SERVERS = ("kafka", "postgres", "inbox")
DIRECTORY_TOKEN = "directory-token-of-a-test"
_PASSWORD = "postgres"
# By the code of the intake that runs: this brings the database up to date. Where in intake it is differs by release.
_PEOPLE = """
import asyncio, json, logging, sys, structlog
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
from cli.local.demo_people import prepare_demo
print(json.dumps(asyncio.run(prepare_demo(sys.argv[1]))))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Which code a service runs, and what its environment says beyond the addresses."""

    checkout: Path = CHECKOUT
    environment: Mapping[str, str] = field(default_factory=dict)


class Cluster:
    """Parts are called "kafka", "postgres", "inbox", "intake-0", "intake-1", "validator-0", ... A dead one is started
    again. `proxies["notifier", "inbox"]` is what stands between the notifier and the mail server; `front` leads to
    the intakes; `stack` is what a local stack's stack.json says."""

    def __init__(self, home: Path, builds: Mapping[str, Build] | None = None) -> None:
        self.home = Home(home)
        self.stack: dict[str, Any] = {}
        self.replicas: dict[str, int] = dict.fromkeys(SERVICES, 0)
        self.front = Proxy(self._living_intakes)
        self._builds = dict(builds or {})
        self._supervisor = Supervisor(on_change=lambda: None)
        self._ports = {name: quiet_port() for name in (*SERVERS, "controller", *(f"kafka-{s}" for s in SERVICES))}
        self._parts: dict[str, Part] = {}
        self._replica_ports: dict[str, int] = {}
        self._databases: dict[str, str] = {}
        self.proxies = {(service, server): self._proxy(service, server) for service in SERVICES for server in SERVERS}

    async def start(self, replicas: int = 1) -> None:
        """Everything up and answering, with so many replicas of each service."""
        for proxy in (self.front, *self.proxies.values()):
            await proxy.heal()
        for part in await asyncio.to_thread(self._server_parts):
            self._parts[part.name] = part
            await self._supervisor.keep(part)
        await self.ready()
        server = admin_dsn(self._ports["postgres"], _PASSWORD)
        self._databases = await make_databases(server, dict.fromkeys(SERVICES, _PASSWORD))
        await apply_topics(KafkaSettings(kafka_bootstrap=f"{HOST}:{self._ports['kafka']}"))
        await asyncio.gather(*(self.scale(service, replicas) for service in SERVICES))
        await self.ready()
        await self._introduce()

    async def stop(self) -> None:
        """End everything and forget the data."""
        await self._supervisor.stop([list(self._replica_ports), SERVERS])
        await asyncio.gather(*(proxy.close() for proxy in (self.front, *self.proxies.values())))
        remove_data(self.home.data / "postgres")

    async def scale(self, service: str, replicas: int, build: Build | None = None) -> None:
        """Start or stop replicas until there are so many; 0 stops the service. `ready` waits for those that started.
        They run the service's code, or what `build` says."""
        while self.replicas[service] > replicas:
            self.replicas[service] -= 1
            name = f"{service}-{self.replicas[service]}"
            del self._parts[name]
            await self._supervisor.remove(name)
        while self.replicas[service] < replicas:
            part = self._replica(service, self.replicas[service], build)
            self.replicas[service] += 1
            self._parts[part.name] = part
            await self._supervisor.keep(part)

    async def ready(self, seconds: float = 120.0) -> None:
        """Return when all that should run answers."""
        await asyncio.gather(*(_ready(part, seconds) for part in list(self._parts.values())))

    async def start_over(self, replica: str, build: Build) -> None:
        """One replica ends and starts again with other code; `ready` waits for it."""
        service, _, number = replica.rpartition("-")
        part = self._parts[replica] = self._replica(service, int(number), build)
        await self._supervisor.remove(replica)
        await self._supervisor.keep(part)

    def url(self, replica: str) -> str:
        """Where a replica answers, without a proxy."""
        return f"http://{HOST}:{self._replica_ports[replica]}"

    def kill(self, part: str) -> None:
        """SIGKILL; the part is started again."""
        with suppress(ProcessLookupError):
            os.kill(self.pid(part), signal.SIGKILL)

    def restart(self, part: str) -> None:
        """Ask the part to end; it is started again."""
        with suppress(ProcessLookupError):
            os.kill(self.pid(part), signal.SIGINT if part == "postgres" else signal.SIGTERM)

    def pause(self, part: str) -> None:
        """SIGSTOP, also of its children."""
        self._signal_family(part, signal.SIGSTOP)

    def resume(self, part: str) -> None:
        """SIGCONT."""
        self._signal_family(part, signal.SIGCONT)

    def pid(self, part: str) -> int:
        """The part's process as of now."""
        return self._supervisor.pids[part][0]

    def is_alive(self, part: str) -> bool:
        """Whether it runs now, and is not between its death and its next start."""
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid(part)).status() != psutil.STATUS_ZOMBIE
        return False

    def parts(self) -> list[str]:
        """The names of all that runs."""
        return sorted(self._parts)

    def database(self, service: str) -> str:
        """Where the service's database is, without a proxy."""
        return self._databases[service]

    def _signal_family(self, part: str, number: signal.Signals) -> None:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid(part))
            for member in (process, *process.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    member.send_signal(number)

    def _proxy(self, service: str, server: str) -> Proxy:
        port = self._ports[f"kafka-{service}" if server == "kafka" else server]
        return Proxy(lambda: [port])

    def _living_intakes(self) -> list[int]:
        return [self._replica_ports[f"intake-{number}"] for number in range(self.replicas["intake"])]

    def _server_parts(self) -> list[Part]:
        home, ports = self.home, self._ports
        kafka = kafka_part(
            home.data / "kafka", port=ports["kafka"], controller_port=ports["controller"], log=home.log("kafka")
        )
        with (home.data / "kafka" / "server.properties").open("a") as config:
            config.write(self._listeners())
        postgres = postgres_part(
            home.data / "postgres", port=ports["postgres"], password=_PASSWORD, log=home.log("postgres")
        )
        inbox = inbox_part(home.data / "inbox", port=ports["inbox"], log=home.log("inbox"), checkout=CHECKOUT)
        return [kafka, postgres, inbox]

    def _listeners(self) -> str:
        """One listener per service, which tells its clients to come through the service's proxy. Java takes the last
        line of a name."""
        direct = f"PLAINTEXT://{HOST}:{self._ports['kafka']}"
        listening = {service: self._ports[f"kafka-{service}"] for service in SERVICES}
        advertised = {service: self.proxies[service, "kafka"].port for service in SERVICES}
        protocols = ",".join(f"{name}:PLAINTEXT" for name in ("CONTROLLER", "PLAINTEXT", *map(str.upper, SERVICES)))
        controller = f"CONTROLLER://{HOST}:{self._ports['controller']}"
        return (
            f"\nlisteners={','.join([direct, controller, *_urls(listening)])}"
            f"\nadvertised.listeners={','.join([direct, *_urls(advertised)])}"
            f"\nlistener.security.protocol.map={protocols}\n"
        )

    def _replica(self, service: str, number: int, build: Build | None = None) -> Part:
        name = f"{service}-{number}"
        port = self._replica_ports.setdefault(name, quiet_port())
        build = build or self._builds.get(service, Build())
        dsn = self._databases[service].replace(
            f":{self._ports['postgres']}/", f":{self.proxies[service, 'postgres'].port}/"
        )
        ports = {
            service: port, "kafka": self.proxies[service, "kafka"].port, "inbox": self.proxies[service, "inbox"].port,
        }  # fmt: skip
        addresses = Addresses(
            ports={"intake": port, **ports}, databases={service: dsn}, directory_token=DIRECTORY_TOKEN
        )
        files = self.home.data / "files"
        files.mkdir(parents=True, exist_ok=True)
        part = service_part(service, addresses, files=files, log=self.home.log(name))
        own = {"ROLLCALL_BASE_URL": self._base_url, "ROLLCALL_REPLICA": str(number), **build.environment}
        return replace(part, name=name, folder=build.checkout, environment={**part.environment, **own})

    @property
    def _base_url(self) -> str:
        return f"http://{HOST}:{self.front.port}"

    async def _introduce(self) -> None:
        build = self._builds.get("intake", Build())
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PEOPLE, self._databases["intake"], cwd=build.checkout, stdout=asyncio.subprocess.PIPE
        )
        told, _ = await process.communicate()
        self.stack = {
            "base_url": self._base_url,
            **json.loads(told),
            "kafka": f"{HOST}:{self._ports['kafka']}",
            "directory": f"http://{HOST}:{self._replica_ports['provisioner-0']}",
            "directory_token": DIRECTORY_TOKEN,
            "inbox": str(self.home.data / "inbox"),
        }


async def _ready(part: Part, seconds: float) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            async with asyncio.timeout(5):
                return await part.ready()
        except Exception as error:
            if asyncio.get_running_loop().time() > deadline:
                raise PartFailed(part.name, part.log, f"was not ready within {seconds:.0f} seconds") from error
        await asyncio.sleep(0.1)


def _urls(ports: Mapping[str, int]) -> list[str]:
    return [f"{service.upper()}://{HOST}:{port}" for service, port in ports.items()]


@asynccontextmanager
async def running_cluster(
    home: Path, *, replicas: int = 1, builds: Mapping[str, Build] | None = None
) -> AsyncIterator[Cluster]:
    """A cluster for as long as the block runs, with its data and logs in `home`."""
    cluster = Cluster(home, builds)
    try:
        await cluster.start(replicas)
        yield cluster
    finally:
        await cluster.stop()
