"""An import watched as server-sent events."""

import asyncio
import json
from typing import Any

import pytest

from services.intake.watch_imports import ImportWatches
from tests.integration.intake.api.ledger import Kept
from tests.integration.intake.api.world import Api


def _events(text: str) -> list[dict[str, Any]]:
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    assert all(block[0] == "event: import" and block[1].startswith("data: ") for block in blocks)
    return [json.loads(block[1].removeprefix("data: ")) for block in blocks]


@pytest.mark.parametrize("status", ["finished", "rejected", "cancelled"])
async def test_a_settled_import_is_told_once_and_the_stream_ends(api: Api, status: str) -> None:
    import_id = (await api.new_import())["id"]
    await api.ledger.turn(import_id, status)
    answer = await api.mine.get(f"/imports/{import_id}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    [event] = _events(answer.text)
    assert event == (await api.mine.get(f"/imports/{import_id}")).json()


async def test_watchers_see_progress_and_the_end(api: Api) -> None:
    import_id = (await api.new_import())["id"]
    watching = [asyncio.create_task(api.mine.get(f"/imports/{import_id}/events")) for _ in range(3)]
    before = "submitted"
    for status, rows in (("preprocessing", 2), ("ready", 3), ("running", 3), ("finished", 3)):
        await api.is_shown(import_id, watchers=3, status=before)
        await api.ledger.turn(import_id, status, rows=rows)
        before = status
    for answer in await asyncio.wait_for(asyncio.gather(*watching), 60):
        told = [(event["status"], event["progress"]["rows"]) for event in _events(answer.text)]
        assert told[0] == ("submitted", 0)
        assert told[-1] == ("finished", 3)
        assert len(told) == len(set(told)) >= 3


async def test_what_changes_behind_the_scenes_is_not_told(api: Api) -> None:
    import_id = (await api.new_import())["id"]
    watching = asyncio.create_task(api.mine.get(f"/imports/{import_id}/events"))
    await api.is_shown(import_id, status="submitted")
    for owner in ("one", "two"):
        await api.ledger.turn(import_id, "submitted", lease_owner=owner)
        await api.is_shown(import_id, lease_owner=owner)
    await api.ledger.turn(import_id, "cancelled")
    told = _events((await asyncio.wait_for(watching, 60)).text)
    assert [event["status"] for event in told] == ["submitted", "cancelled"]


async def test_one_look_serves_all_watchers_and_ends_with_the_last(api: Api) -> None:
    found = await api.new_import()
    await api.ledger.keep(found["id"], Kept(2, "a@example.org"))
    row = await api.deps.pool.fetchrow("select id from imports")
    assert row
    watches = ImportWatches(api.deps.pool)
    streams = [watches.changes(row["id"], silence_seconds=60) for _ in range(4)]
    for stream in streams:
        seen = await anext(stream)
        assert seen
        assert seen["status"] == "submitted"
    assert len(watches._watches) == 1
    [watch] = watches._watches.values()
    for stream in streams:
        await stream.aclose()
    assert watches._watches == {}
    assert watch.looking
    await asyncio.wait([watch.looking])
    assert watch.looking.cancelled()


async def test_silence_is_filled(api: Api) -> None:
    await api.new_import()
    row = await api.deps.pool.fetchrow("select id from imports")
    assert row
    stream = ImportWatches(api.deps.pool).changes(row["id"], silence_seconds=0.3)
    while await anext(stream) is None:
        pass  # a database that takes its time is silence, too
    assert await anext(stream) is None
    await stream.aclose()
