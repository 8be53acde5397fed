"""A stream of events ends soon after what let its caller in: the session, the token, the appointment."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.intake.api import events
from services.intake.users.sessions import end_session
from tests.integration.intake.api.test_session_access import MINE, STREAM, sign_in
from tests.integration.intake.api.world import Api


@pytest_asyncio.fixture(params=["nothing changes", "it never stops changing"])
async def unsettled(api: Api, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """An import that is at work; with heartbeats as a patient person sees them."""
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.4)
    import_id = (await api.new_import())["id"]

    async def change() -> None:
        rows = 0
        while request.param != "nothing changes":
            rows += 1
            await api.ledger.turn(import_id, "preprocessing", rows=rows)
            await asyncio.sleep(0.05)

    changing = asyncio.create_task(change())
    yield import_id
    changing.cancel()


async def test_with_the_session(api: Api, unsettled: str) -> None:
    session, known = await sign_in(api, MINE), {"import_id": unsettled}
    watching = asyncio.create_task(session.ask(STREAM, known=known))
    await api.is_shown(unsettled)
    await asyncio.sleep(1)
    assert not watching.done()
    await end_session(api.deps.pool, session.token)
    answer = await asyncio.wait_for(watching, 60)
    assert answer.status_code == 200
    assert "event: import" in answer.text


@pytest.mark.parametrize("end", ["update api_tokens set revoked_at = now()", "delete from administrators"])
async def test_with_the_token_or_the_appointment(api: Api, unsettled: str, end: str) -> None:
    watching = asyncio.create_task(api.mine.get(f"/imports/{unsettled}/events"))
    await api.is_shown(unsettled)
    await asyncio.sleep(1)
    assert not watching.done()
    await api.deps.pool.execute(end)
    answer = await asyncio.wait_for(watching, 60)
    assert answer.status_code == 200
    assert "event: import" in answer.text
