"""Runs a service: logs, adapters, HTTP, consuming, watching, stopping. Each service's app.py only says what it is made
of. Exit codes: 0 stopped as asked, 1 cannot go on, 70 did not stop in time."""

import asyncio
import dataclasses
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

import structlog
from aiokafka.errors import KafkaError
from fastapi import FastAPI

from shared.health import Check, Health, add_routes
from shared.http_server import Server, http_config, open_port
from shared.kafka.admin import TopicMissingError, check_topics
from shared.kafka.broker import SafeBroker, open_broker
from shared.kafka.consume import D, Subscription, where
from shared.kafka.publish import Publisher, open_publisher
from shared.kafka.refused import why_refused
from shared.logs import start_logs
from shared.measure import Measurement
from shared.settings import ServiceSettings, WrongSettingsError, read_settings
from shared.topics import ALL_TOPICS
from shared.traces import start_traces, stop_traces

log = structlog.get_logger()

S = TypeVar("S", bound=ServiceSettings)

BROKER_WAIT_SECONDS = (
    120.0  # for a broker that starts together with us; after it the process exits and is started again
)
RETRY_SECONDS = 2.0
WATCH_SECONDS = 5.0
HARD_STOP_SECONDS = 10.0  # on top of the settings' stop_seconds
EXIT_FAILED, EXIT_HARD = 1, 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Generic[D]):
    """What a service is made of."""

    name: str
    settings: ServiceSettings
    deps: D
    subscriptions: Sequence[Subscription[Any, D]]
    loops: Sequence[Callable[[], Awaitable[None]]] = ()  # run for ever; one that ends ends the process
    http: FastAPI | None = None  # /livez, /readyz and /metrics are added to it
    checks: Mapping[str, Check] = dataclasses.field(default_factory=dict)  # not ready while one raises
    impairments: Mapping[str, Check] = dataclasses.field(default_factory=dict)  # /readyz tells them and stays ready
    measurements: Sequence[Measurement] = ()  # for /metrics, beside what every service counts


CreateApp = Callable[[S, AsyncExitStack], Coroutine[Any, Any, Service[Any]]]


class ServiceFailedError(Exception):
    """The service cannot go on; the message says why."""


def run(create_app: CreateApp[S], kind: type[S]) -> NoReturn:
    """Run with these settings until told to stop, then exit the process."""
    name = _service_name(create_app)
    try:
        settings = read_settings(kind)
    except WrongSettingsError as error:
        sys.exit(f"{name} cannot start: {error}")
    start_logs(name, settings)
    try:
        start_traces(name, settings)
        asyncio.run(_main(create_app, settings))
    except ServiceFailedError as error:
        log.error("service.failed", reason=str(error))
        sys.exit(EXIT_FAILED)
    except Exception:
        log.exception("service.failed")
        sys.exit(EXIT_FAILED)
    finally:
        stop_traces()
    log.info("service.stopped")
    sys.exit(0)


def log_unhandled(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What asyncio could tell nobody, by kind and place: its own line quotes the error, which may quote a row's values."""
    error = context.get("exception")
    log.error("loop.error", error=type(error).__name__, at=where(error) if error else "")


async def _main(create_app: CreateApp[S], settings: S) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().set_exception_handler(log_unhandled)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as resources:
        creating = asyncio.create_task(create_app(settings, resources))
        await _first(creating, asyncio.create_task(stop.wait()))
        if not creating.done():
            creating.cancel()
            await asyncio.wait([creating])
            return
        service = creating.result()
        _calm_collector()
        dead_letters = await resources.enter_async_context(open_publisher(settings))
        broker = open_broker(
            service.name, service.subscriptions, service.deps, settings=settings, dead_letters=dead_letters
        )
        await _work(service, broker, [dead_letters, *_publishers_of(service.deps)], stop)


def _name_of(loop: Callable[[], Awaitable[None]]) -> str:
    """A loop's function, also when it stands in a partial; each loop of a service must have its own."""
    return str(getattr(getattr(loop, "func", loop), "__qualname__", loop))


async def _work(service: Service[Any], broker: SafeBroker, publishers: list[Publisher], stop: asyncio.Event) -> None:
    """Everything at once until told to stop. Raises ServiceFailedError when a part ends by itself."""
    settings = service.settings
    health = Health(broker, service.checks, service.measurements, impairments=service.impairments)
    app = service.http or FastAPI(openapi_url=None)
    add_routes(app, health)
    server = Server(http_config(app))
    parts = {
        "http": server.serve([_listen(settings)]),
        "consumers": _consume(broker, publishers, health, settings),
        **{f"loop {_name_of(loop)}": loop() for loop in service.loops},
    }
    assert len(parts) == 2 + len(service.loops), "two loops of one name"  # noqa: S101 - a mistake in the code
    tasks = {asyncio.ensure_future(part): name for name, part in parts.items()}
    log.info("service.started", port=settings.port)
    ended = await _first(asyncio.create_task(stop.wait(), name="stop"), *tasks)
    reasons = [_why_ended(tasks[task], task) for task in ended if task in tasks]
    log.info("service.stopping", reasons=reasons)
    health.stop()
    _end_hard_after(settings.stop_seconds + HARD_STOP_SECONDS)
    await _stop(broker, server, {name: task for task, name in tasks.items()}, settings.stop_seconds)
    if reasons:
        raise ServiceFailedError("; ".join(reasons))


async def _consume(broker: SafeBroker, publishers: list[Publisher], health: Health, settings: ServiceSettings) -> None:
    """Start consuming, then watch over it. Ends only by raising ServiceFailedError."""
    await _start(broker, publishers, settings)
    away: list[str] = []
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        before, away = away, await health.look()
        if away and away != before:
            log.warning("service.waiting", reasons=away, detail=await why_refused(settings))
        elif before and not away:
            log.info("service.goes_on")
        if reasons := health.dead():
            raise ServiceFailedError("; ".join(reasons))


async def _start(broker: SafeBroker, publishers: list[Publisher], settings: ServiceSettings) -> None:
    """Wait for the broker and the topics, join the groups, connect the producers."""
    deadline = asyncio.get_running_loop().time() + BROKER_WAIT_SECONDS
    while True:
        try:
            await check_topics(settings, ALL_TOPICS)
            await asyncio.gather(*(publisher.connect() for publisher in publishers))
            async with asyncio.timeout(BROKER_WAIT_SECONDS):
                await broker.start()
            return
        except (KafkaError, OSError, TopicMissingError) as error:
            if asyncio.get_running_loop().time() > deadline:
                raise ServiceFailedError(f"cannot start consuming: {error}") from None
            log.warning("broker.waiting", error=type(error).__name__, detail=str(error))
            with suppress(Exception):
                await asyncio.wait_for(broker.stop(), RETRY_SECONDS)
            await asyncio.sleep(RETRY_SECONDS)


async def _stop(broker: SafeBroker, server: Server, tasks: dict[str, asyncio.Future[None]], seconds: float) -> None:
    """Take no new work, finish what is in flight, in bounded time. Adapters are closed after it."""
    broker.stop_polling()
    server.should_exit = True
    for name, task in tasks.items():
        if name != "http":
            task.cancel()
    leaving = asyncio.ensure_future(broker.stop())
    await asyncio.wait([leaving, *tasks.values()], timeout=seconds + 1)
    leaving.cancel()
    with suppress(Exception, asyncio.CancelledError):
        await leaving


async def _first(*tasks: asyncio.Future[Any]) -> set[asyncio.Future[Any]]:
    return (await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED))[0]


def _why_ended(name: str, task: asyncio.Future[Any]) -> str:
    if task.cancelled():
        return f"{name} was cancelled"
    error = task.exception()
    if error is None:
        return f"{name} ended"
    if isinstance(error, ServiceFailedError):
        return f"{name}: {error}"
    return f"{name} raised {type(error).__name__} at {where(error)}"  # its message may quote personal data


def _end_hard_after(seconds: float) -> None:
    """A stop that hangs ends here. A thread, because the event loop itself may be what hangs."""
    timer = threading.Timer(seconds, os._exit, [EXIT_HARD])
    timer.daemon = True
    timer.start()


def _calm_collector() -> None:
    """What is there after the start stays: collections need not look at it again, and rows come in large batches."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def _service_name(create_app: Callable[..., Any]) -> str:
    return create_app.__module__.removeprefix("services.").partition(".")[0]


def _publishers_of(deps: Any) -> list[Publisher]:
    fields = dataclasses.fields(deps) if dataclasses.is_dataclass(deps) else ()
    values = [getattr(deps, field.name) for field in fields]
    return [value for value in values if isinstance(value, Publisher)]


def _listen(settings: ServiceSettings) -> socket.socket:
    try:
        return open_port(settings.host, settings.port)
    except OSError as error:
        raise ServiceFailedError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from None
