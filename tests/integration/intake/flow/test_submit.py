"""Accepting an upload: once per idempotency key, told and written down in the same transaction."""

import asyncio
import json
from uuid import uuid4

from services.intake.users.people import create_experience, ensure_user

CONTENT = "Email\nada@example.edu\n"


async def test_an_accepted_upload_is_told_and_written_down(world):
    import_id = await world.submit(CONTENT)
    assert await world.told(import_id) == ["ImportSubmitted"]
    event = await world.last_told()
    assert (event.experience_name, event.submitted_by) == ("Biology", "Ada@school.edu")
    audit = await world.pool.fetchrow("select * from audit_log where action = 'import.submitted'")
    assert (audit["email_key"], audit["import_id"]) == ("ada@school.edu", import_id)


async def test_the_event_carries_cloud_event_headers(world):
    import_id = await world.submit(CONTENT)
    headers = dict(json.loads(await world.pool.fetchval("select headers from outbox")))
    assert headers["ce_type"] == "rollcall.ImportSubmitted"
    assert headers["ce_id"] == f"{import_id}/ImportSubmitted"


async def test_background_work_and_relay_are_woken(world):
    await world.submit(CONTENT)
    assert world.deps.wake.is_set()
    assert world.deps.wake_outbox.is_set()


async def test_a_known_idempotency_key_answers_with_the_first_import(world):
    first = await world.submit(CONTENT, idempotency_key="k")
    assert await world.submit("Email\nother@example.edu\n", idempotency_key="k") == first
    assert await world.pool.fetchval("select count(*) from imports") == 1
    assert await world.told(first) == ["ImportSubmitted"]


async def test_uploads_that_race_with_one_idempotency_key_become_one_import(world):
    ids = await asyncio.gather(*(world.submit(CONTENT, idempotency_key="k") for _ in range(8)))
    assert len(set(ids)) == 1
    assert await world.pool.fetchval("select count(*) from imports") == 1
    assert await world.pool.fetchval("select count(*) from outbox") == 1


async def test_a_key_belongs_to_one_person_and_one_experience(world):
    other_person = await ensure_user(world.pool, "bo@school.edu")
    other_experience = await create_experience(world.pool, "Physics", world.person)
    first = await world.submit(CONTENT, idempotency_key="k")
    second = await world.submit(CONTENT, idempotency_key="k", submitted_by=other_person)
    third = await world.submit(CONTENT, idempotency_key="k", experience_id=other_experience)
    assert len({first, second, third}) == 3


async def test_without_a_key_the_same_upload_is_two_imports_and_the_second_says_so(world):
    first, second, third = [await world.submit(CONTENT) for _ in range(3)]
    rows = [await world.row(import_id) for import_id in (first, second, third)]
    assert [row["same_as"] for row in rows] == [None, first, second]


async def test_the_same_bytes_in_another_experience_are_not_the_same_import(world):
    await world.submit(CONTENT)
    other = await create_experience(world.pool, "Physics", world.person)
    import_id = await world.submit(CONTENT, experience_id=other, id=uuid4())
    assert (await world.row(import_id))["same_as"] is None
