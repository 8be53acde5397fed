"""What /readyz says of checks that fail, hang, or concern only a part of the work."""

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from shared import health
from shared.health import Health, add_routes

NO_BROKER: Any = SimpleNamespace(consumers=[])


async def away() -> None:
    raise ConnectionError("somebody@example.org")


async def well() -> None:
    pass


async def never() -> None:
    await asyncio.Event().wait()


async def answer_of(checked: Health) -> tuple[int, dict[str, Any]]:
    app = FastAPI()
    add_routes(app, checked)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service.test") as http:
        answer = await http.get("/readyz")
    return answer.status_code, answer.json()


async def test_what_only_a_part_needs_is_told_and_makes_nobody_unready() -> None:
    checked = Health(NO_BROKER, {"database": well}, impairments={"file_store": away})
    assert await answer_of(checked) == (200, {"status": "ok", "impaired": ["file_store: ConnectionError"]})


async def test_what_everything_needs_makes_it_unready() -> None:
    checked = Health(NO_BROKER, {"database": away}, impairments={"file_store": well})
    assert await answer_of(checked) == (503, {"status": "failed", "reasons": ["database: ConnectionError"]})


async def test_a_check_that_cannot_even_be_cancelled_is_told_in_time_and_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.02)
    asked, answer = [], asyncio.Event()

    async def hangs() -> None:
        asked.append(1)
        await asyncio.shield(answer.wait())

    checked = Health(NO_BROKER, {"database": hangs})
    assert [await checked.not_ready() for _ in range(3)] == [["database: TimeoutError"]] * 3
    assert len(asked) == 1
    monkeypatch.setattr(health, "CHECK_SECONDS", 60.0)
    answer.set()
    async with asyncio.timeout(60):
        while checked._asked:
            await asyncio.sleep(0)
    assert await checked.not_ready() == []
    assert len(asked) == 2


async def test_a_service_that_stops_answers_at_once_that_it_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise Kubernetes' question hangs on a client that is closed, until it is cut off as an error."""
    monkeypatch.setattr(health, "CHECK_SECONDS", 600.0)
    checked = Health(NO_BROKER, {"database": never})
    waiting = asyncio.create_task(answer_of(checked))
    async with asyncio.timeout(60):
        while not checked._asked:
            await asyncio.sleep(0)
        checked.stop()
        assert (await waiting)[0] == 503
        assert await answer_of(checked) == (503, {"status": "failed", "reasons": ["stopping"]})


@pytest.mark.parametrize(
    ("lacks_leader", "reasons"), [(True, []), (False, ["imports.rows: records wait but none are delivered"])]
)
async def test_a_partition_that_nobody_leads_is_waited_for(lacks_leader: bool, reasons: list[str]) -> None:
    checked = Health(BlindBroker(lacks_leader), {})  # type: ignore[arg-type]
    checked._going_since -= 2 * health.STILL_SECONDS
    await checked.look()
    assert checked.dead() == reasons


class BlindBroker:
    """A broker that answers, and a consumer that has long polled in vain."""

    def __init__(self, lacks_leader: bool) -> None:
        polling = SimpleNamespace(
            _client=self, polled_at=float("inf"), blind_seconds=2 * health.STILL_SECONDS, unfetched_seconds=0.0,
            lacks_leader=lambda: lacks_leader, fetching_ended=lambda: False, coordination_ended=lambda: False,
        )  # fmt: skip
        subscriber = SimpleNamespace(running=True, tasks=[SimpleNamespace(done=lambda: False)])
        consumption = SimpleNamespace(topic=SimpleNamespace(name="imports.rows"))
        self.consumers = [SimpleNamespace(polling=polling, subscriber=subscriber, consumption=consumption)]

    async def force_metadata_update(self) -> bool:
        return True
