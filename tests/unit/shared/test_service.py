import asyncio
import gc
import socket
from functools import partial

import pytest
from structlog.testing import capture_logs

from shared import service as service_module
from shared.service import ServiceFailedError, _consume, _listen, _name_of, log_unhandled
from shared.settings import ServiceSettings


async def relay(where: str) -> None: ...


async def index(where: str) -> None: ...


def test_two_loops_with_arguments_have_names_of_their_own() -> None:
    assert _name_of(partial(relay, "here")) == "relay"
    assert _name_of(partial(index, "here")) == "index"
    assert _name_of(relay) == "relay"


def test_answers_are_not_held_back_for_the_clients_acknowledgement() -> None:
    settings = ServiceSettings(host="127.0.0.1", port=0, database_url="postgresql://nobody")
    with _listen(settings) as listening:
        client = socket.create_connection(listening.getsockname())
        accepted, _ = listening.accept()
        with client, accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_what_a_service_waits_for_is_said_when_it_begins_and_when_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = [[], ["broker: ConnectionError"], ["broker: ConnectionError"], [], []]
    watched = Watched(looks)
    monkeypatch.setattr(service_module, "WATCH_SECONDS", 0.0)
    monkeypatch.setattr(service_module, "_start", started)
    settings = ServiceSettings(database_url="postgresql://nobody", kafka_bootstrap="127.0.0.1:1")
    with capture_logs() as logs, pytest.raises(ServiceFailedError, match="the end"):
        await _consume(watched, [], watched, settings)
    told = [(line["event"], line.get("reasons")) for line in logs]
    assert told == [("service.waiting", ["broker: ConnectionError"]), ("service.goes_on", None)]


class Watched:
    """Looks like this, one time after the other, and is dead at the end."""

    def __init__(self, looks: list[list[str]]) -> None:
        self._looks = looks

    async def look(self) -> list[str]:
        return self._looks.pop(0)

    def dead(self) -> list[str]:
        return [] if self._looks else ["the end"]


async def started(*_: object) -> None: ...


async def test_an_error_that_nobody_looked_at_is_told_without_its_words() -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(log_unhandled)
    with capture_logs() as logs:
        loop.create_future().set_exception(ValueError("somebody@example.org"))
        gc.collect()
        await asyncio.sleep(0)
    assert [(line["event"], line["error"]) for line in logs] == [("loop.error", "ValueError")]
    assert "somebody" not in str(logs)
