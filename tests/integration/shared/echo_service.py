"""A real service process for tests: writes down what it handles, passes rows on as checks, can be told to misbehave.
Its connections to the broker can go through a port that the test owns and closes."""

import asyncio
import json
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.events import RowRead
from shared.kafka.consume import Batch, Subscription
from shared.kafka.publish import Message, Publisher, open_publisher
from shared.service import Service, run
from shared.settings import ServiceSettings
from shared.topics import CHECKS, ROWS

OUT = Path(os.environ["ECHO_OUT"])
MODE = os.environ.get("ECHO_MODE", "")
PAUSE = float(os.environ.get("ECHO_PAUSE", "0"))
GATE = os.environ.get("ECHO_GATE", "")  # a file; until it is there a batch is not finished
BROKER_PORT, TUNNEL_PORT = os.environ.get("ECHO_TUNNEL", "0:0").split(":")


@dataclass(frozen=True)
class Deps:
    publisher: Publisher


def may_go_on() -> bool:
    return not GATE or Path(GATE).exists()


async def on_rows_read(batch: Batch[RowRead], deps: Deps) -> None:
    OUT.with_name("begun").touch()
    while not may_go_on():
        await asyncio.sleep(0.02)
    await asyncio.sleep(PAUSE)
    await deps.publisher.publish(CHECKS, [Message(r.key or b"", r.value, partition=r.partition) for r in batch.records])
    with OUT.open("a") as out:  # noqa: ASYNC230 - a short line, written at once
        out.write(json.dumps([event.row for event in batch.events]) + "\n")


async def ends_soon() -> None:
    await asyncio.sleep(0.5)
    raise KeyError("somebody@example.org")


async def create_app(settings: ServiceSettings, resources: AsyncExitStack) -> Service[Deps]:
    publisher = await resources.enter_async_context(open_publisher(settings))
    if MODE == "hangs when stopped":
        resources.push_async_callback(asyncio.sleep, 3600)
    return Service(
        name="validator",
        settings=settings,
        deps=Deps(publisher),
        subscriptions=[Subscription(topic=ROWS, handler=on_rows_read, max_records=50)],
        loops=[ends_soon] if MODE == "loop ends" else [],
    )


class TunnelLoop(asyncio.SelectorEventLoop):
    async def create_connection(self, factory: Any, host: Any = None, port: Any = None, **rest: Any) -> Any:
        return await super().create_connection(factory, host, TUNNEL_PORT if str(port) == BROKER_PORT else port, **rest)


class TunnelPolicy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return TunnelLoop()


if __name__ == "__main__":
    asyncio.set_event_loop_policy(TunnelPolicy())
    run(create_app, ServiceSettings)
