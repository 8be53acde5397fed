"""Whether a service lives and is ready: what /livez, /readyz and /metrics say, and what the watchdog acts on."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import prometheus_client
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.kafka.broker import Consumer, SafeBroker
from shared.measure import Measurement, Measuring
from shared.metrics import BRAKED, SINCE_POLL

STILL_SECONDS = 180.0  # longer than a rebalance and than the longest wait for an acknowledgement
CHECK_SECONDS = 5.0  # for one readiness check
LATE_SECONDS = 30.0  # between two looks at the consumers: this process stood still, and they with it

Check = Callable[[], Coroutine[Any, Any, None]]


class Health:
    """Looks at the parts of one service."""

    def __init__(
        self,
        broker: SafeBroker,
        checks: Mapping[str, Check],
        measurements: Sequence[Measurement] = (),
        *,
        impairments: Mapping[str, Check] | None = None,
    ) -> None:
        self._broker = broker
        self._measuring = Measuring(measurements)
        self._checks = checks
        self._impairments = impairments or {}
        self._asked: dict[str, asyncio.Future[None]] = {}  # checks that are under way
        self._failed_at: dict[str, float] = {}  # when each last did not answer
        self._looked_at = self._going_since = time.monotonic()  # going: this process itself
        self._stopping = False

    def stop(self) -> None:
        """Say so from now on. What is being asked will be closed and may never answer: whoever waits for it gets a no."""
        self._stopping = True
        for asked in self._asked.values():
            asked.cancel()

    async def look(self) -> list[str]:
        """Ask for what batches wait for: as long as it is away, waiting is not held against a consumer. Returns what is away."""
        away = await self._failing(self._needs())
        if any(c.polling is not None and c.polling.lacks_leader() for c in self._broker.consumers):
            self._failed_at["broker"] = time.monotonic()
        return away

    def dead(self) -> list[str]:
        """Why only a new process can help; empty while all is well or may become well by itself."""
        now = time.monotonic()
        if now - self._looked_at > LATE_SECONDS:
            self._going_since = now
        self._looked_at = now
        consumers = self._broker.consumers
        return [f"{c.consumption.topic.name}: {why}" for c in consumers for why in self._dead_parts(c, now)]

    async def not_ready(self) -> list[str]:
        """Why no work should be expected of this service right now."""
        if self._stopping:
            return ["stopping"]
        return await self._failing(self._needs()) + [
            f"{c.consumption.topic.name}: {why}" for c in self._broker.consumers if (why := _waiting(c))
        ]

    async def impaired(self) -> list[str]:
        """What cannot be done right now, while all the rest goes on."""
        return await self._failing(self._impairments)

    def _needs(self) -> Mapping[str, Check]:
        return {**self._checks, **({"broker": self.ask_broker} if self._broker.consumers else {})}

    async def _failing(self, checks: Mapping[str, Check]) -> list[str]:
        answers = await asyncio.gather(*(self._ask(name, check) for name, check in checks.items()))
        return [answer for answer in answers if answer]

    async def _ask(self, name: str, check: Check) -> str:
        """Waits only so long, and asks nothing new before the last answer has come: a database that hangs holds up the
        cancelling of a statement too, and each question takes a connection."""
        asked = self._asked.get(name)
        if asked is None:
            asked = self._asked[name] = asyncio.ensure_future(check())
            asked.add_done_callback(partial(self._forget, name))
        await asyncio.wait({asked}, timeout=CHECK_SECONDS)
        error = asked.exception() if asked.done() and not asked.cancelled() else TimeoutError()
        if error is None:
            return ""
        self._failed_at[name] = time.monotonic()
        return f"{name}: {type(error).__name__}"  # not the message: it may hold addresses and names

    def _forget(self, name: str, asked: asyncio.Future[None]) -> None:
        """An error that came too late for whoever asked is told by the next answer."""
        del self._asked[name]
        _ = asked.cancelled() or asked.exception()

    async def ask_broker(self) -> None:
        """Raise unless a broker answers."""
        polling = self._broker.consumers[0].polling if self._broker.consumers else None
        if polling is None or not await asyncio.wait_for(polling._client.force_metadata_update(), CHECK_SECONDS):
            raise ConnectionError("no answer")

    async def set_gauges(self) -> None:
        """Bring what is measured only when asked up to date."""
        await self._measuring.refresh()
        for consumer in self._broker.consumers:
            topic, polling = consumer.consumption.topic.name, consumer.polling
            BRAKED.labels(topic).set(consumer.consumption.brake.pulled)
            if polling is not None:
                SINCE_POLL.labels(topic).set(time.monotonic() - polling.polled_at)

    def _away_at(self, names: Iterable[str]) -> float:
        """When one of these last did not answer, or we could not listen."""
        return max([self._going_since, *(self._failed_at.get(name, 0.0) for name in names)])

    def _dead_parts(self, consumer: Consumer, now: float) -> list[str]:
        """The states of a consumer that nothing but a restart cures. The polling loop alone does not tell: it goes on
        when the fetching task is gone."""
        polling, subscriber = consumer.polling, consumer.subscriber
        if polling is None or subscriber is None or not subscriber.running:
            return []
        answering = now - self._away_at(["broker"]) > STILL_SECONDS
        moved_at = max(polling.polled_at, self._away_at(self._needs()))
        facts = {
            "the consuming task ended": all(task.done() for task in subscriber.tasks),
            "the fetching task ended": polling.fetching_ended(),
            "the group's task ended": polling.coordination_ended(),
            "it has not polled for too long": now - moved_at > STILL_SECONDS,
            "records wait but none are delivered": answering and polling.blind_seconds > STILL_SECONDS,
            "it fetches nothing from a broker that answers": answering and polling.unfetched_seconds > STILL_SECONDS,
        }
        return [why for why, is_so in facts.items() if is_so]


def add_routes(app: FastAPI, health: Health) -> None:
    """Serve /livez, /readyz and /metrics before anything else that the app serves."""

    async def livez(_: Request) -> Response:
        return _answer(health.dead())

    async def readyz(_: Request) -> Response:
        return _answer(health.dead() + await health.not_ready(), await health.impaired())

    async def metrics(_: Request) -> Response:
        await health.set_gauges()
        return Response(prometheus_client.generate_latest(), media_type=prometheus_client.CONTENT_TYPE_LATEST)

    ours: list[tuple[str, Any]] = [("/livez", livez), ("/readyz", readyz), ("/metrics", metrics)]
    app.router.routes[:0] = [Route(path, endpoint) for path, endpoint in ours]


def _answer(reasons: list[str], impaired: Sequence[str] = ()) -> Response:
    more = {"impaired": impaired} if impaired else {}
    if reasons:
        return JSONResponse({"status": "failed", "reasons": reasons, **more}, status_code=503)
    return JSONResponse({"status": "ok", **more})


def _waiting(consumer: Consumer) -> str:
    polling = consumer.polling
    if polling is None or not polling.has_joined():
        return "has not joined its group yet"
    if consumer.consumption.brake.pulled:
        return "stopped, because nearly all it reads is unreadable"
    if consumer.consumption.trouble and time.monotonic() - consumer.consumption.handled_at < STILL_SECONDS:
        return f"batches fail with {consumer.consumption.trouble}"
    return f"polls fail with {polling.poll_error}" if polling.poll_error else ""
