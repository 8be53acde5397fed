"""The local stack from start to stop, as one process: `python -m cli.local.stack [--fresh]`.

`rollcall up` starts it and `rollcall down` ends it; what it tells others stands in the files of its home."""

import asyncio
import logging
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import TypeVar

import structlog

from cli.local.daemon import ALREADY_RUNNING
from cli.local.demo_people import DemoPeople, demo_people
from cli.local.inbox import inbox_part
from cli.local.kafka import kafka_part
from cli.local.lock import hold
from cli.local.other_user import remove_data
from cli.local.part import Part, PartFailed
from cli.local.ports import remembered_ports
from cli.local.postgres import admin_dsn, make_databases, postgres_part
from cli.local.processes import end_leftovers, note_processes
from cli.local.service_parts import SERVICES, Addresses, service_part
from cli.local.stack_file import CHECKOUT, Home, Stack, find_home, passwords
from cli.local.starting import StartReport, Step
from cli.local.supervisor import Supervisor
from shared.kafka.admin import apply_topics
from shared.settings import KafkaSettings

log = structlog.get_logger()

ADMIN = "postgres"
DIRECTORY = "directory"  # whose password is the directory API's token
STEPS = ("kafka", "postgres", "inbox", "databases", "topics", *SERVICES, "people")
STOP_ORDER = (SERVICES, ("inbox", "kafka", "postgres"))
PORTS = ["kafka", "kafka-controller", "postgres", "inbox", *SERVICES]

T = TypeVar("T")


class LocalStack:
    """One stack in one home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._report = StartReport(home.starting, STEPS)
        self._supervisor = Supervisor(self._note)
        self._ports = remembered_ports(home.ports, PORTS)
        self._passwords = passwords(home, [ADMIN, *SERVICES, DIRECTORY])
        self._told: Callable[[], Stack] | None = None  # what to write into stack.json, once all is ready

    async def start(self) -> None:
        """Everything in order; what does not need each other starts together."""
        async with asyncio.TaskGroup() as foundations:
            foundations.create_task(self._part("kafka", self._kafka))
            foundations.create_task(self._part("inbox", self._inbox))
            databases = foundations.create_task(self._postgres_and_databases())
        addresses = Addresses(
            ports=self._ports, databases=databases.result(), directory_token=self._passwords[DIRECTORY]
        )
        await self._job("topics", apply_topics(KafkaSettings(kafka_bootstrap=addresses.kafka)))
        files = self._home.data / "files"
        files.mkdir(parents=True, exist_ok=True)
        async with asyncio.TaskGroup() as services:
            for name in SERVICES:
                part = partial(service_part, name, addresses, files=files, log=self._home.log(name))
                services.create_task(self._part(name, part))
        people = await self._job("people", demo_people(addresses.databases["intake"], self._home))
        self._told = lambda: self._stack(addresses, people)
        self._note()

    async def stop(self) -> None:
        """End every part; data stays."""
        self._home.stack.unlink(missing_ok=True)
        self._told = None
        await self._supervisor.stop(STOP_ORDER)
        self._home.processes.unlink(missing_ok=True)

    def fail(self, name: str | None, message: str) -> None:
        """Tell who waits that the start has failed."""
        self._report.fail(name, message)

    async def _part(self, name: str, make: Callable[[], Part]) -> None:
        self._report.tell(name, Step.PREPARING)
        try:
            part = await asyncio.to_thread(make)
        except Exception as error:
            raise PartFailed(name, self._home.log(name), f"could not be prepared ({error})") from error
        self._report.tell(name, Step.STARTING)
        await self._supervisor.add(part)
        self._report.tell(name, Step.READY)

    async def _job(self, name: str, work: Awaitable[T]) -> T:
        self._report.tell(name, Step.STARTING)
        try:
            result = await work
        except Exception as error:
            log.exception("job.failed", job=name)
            raise PartFailed(name, self._home.log("supervisor"), f"failed ({error})") from error
        self._report.tell(name, Step.READY)
        return result

    async def _postgres_and_databases(self) -> dict[str, str]:
        await self._part("postgres", self._postgres)
        server = admin_dsn(self._ports["postgres"], self._passwords[ADMIN])
        return await self._job("databases", make_databases(server, {name: self._passwords[name] for name in SERVICES}))

    def _kafka(self) -> Part:
        return kafka_part(
            self._home.data / "kafka", port=self._ports["kafka"], controller_port=self._ports["kafka-controller"],
            log=self._home.log("kafka"),
        )  # fmt: skip

    def _postgres(self) -> Part:
        return postgres_part(
            self._home.data / "postgres", port=self._ports["postgres"], password=self._passwords[ADMIN],
            log=self._home.log("postgres"),
        )  # fmt: skip

    def _inbox(self) -> Part:
        return inbox_part(
            self._home.data / "inbox", port=self._ports["inbox"], log=self._home.log("inbox"), checkout=CHECKOUT
        )

    def _note(self) -> None:
        note_processes(self._home.processes, [pid for pids in self._supervisor.pids.values() for pid in pids])
        if self._told is not None:
            self._told().write(self._home.stack)

    def _stack(self, addresses: Addresses, people: DemoPeople) -> Stack:
        return Stack(
            base_url=addresses.url("intake"),
            **asdict(people),
            kafka=addresses.kafka,
            databases=dict(addresses.databases),
            directory_token=addresses.directory_token,
            smtp=addresses.smtp,
            inbox=str(self._home.data / "inbox"),
            services={name: addresses.url(name) for name in SERVICES},
            pids=self._supervisor.pids,
        )


async def run_stack(home: Home) -> int:
    """Start, run until told to stop, stop. Returns the exit code."""
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    stack = LocalStack(home)
    starting = asyncio.create_task(stack.start())
    stop_asked = asyncio.create_task(stopping.wait())
    await asyncio.wait((starting, stop_asked), return_when=asyncio.FIRST_COMPLETED)
    code = 0
    if starting.done() and (error := starting.exception()) is not None:
        code = 1
        failure = _first_failure(error)
        log.error("start.failed", error=str(failure))
        stack.fail(getattr(failure, "name", None), str(failure))
    elif starting.done():
        log.info("stack.ready")
        await stop_asked
    starting.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await starting
    stop_asked.cancel()
    await stack.stop()
    return code


def _first_failure(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def remove_everything(home: Home) -> None:
    """Forget all data, passwords and people; ports and logs stay."""
    remove_data(home.data / "postgres")
    shutil.rmtree(home.data, ignore_errors=True)
    home.secrets.unlink(missing_ok=True)


def main() -> int:
    """The supervisor's process."""
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "event"]),
        ]
    )
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    home = Home(find_home())
    lock = hold(home.lock)
    if lock is None:
        return ALREADY_RUNNING
    with lock:
        end_leftovers(home)
        if "--fresh" in sys.argv[1:]:
            remove_everything(home)
        return asyncio.run(run_stack(home))


if __name__ == "__main__":
    sys.exit(main())
