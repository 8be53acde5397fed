"""The whole directory told again, for those who have lost their copy."""

import json

import pytest

from services.provisioner import announce
from services.provisioner.announce import announce_directory
from services.provisioner.directory import add_account, remove_account
from services.provisioner.provision import provision
from tests.unit.provisioner.builders import EXPERIENCE, OTHER_EXPERIENCE, approvals


@pytest.fixture
async def connection(pool):
    async with pool.acquire() as connection:
        yield connection


async def told(connection):
    rows = await connection.fetch("delete from outbox returning id, key, value")
    return [(row["key"].decode(), json.loads(row["value"])) for row in sorted(rows)]


@pytest.mark.parametrize("page", [1, 2, 3, 1000])
async def test_every_account_and_membership_is_told_once_under_its_key(pool, connection, monkeypatch, page):
    monkeypatch.setattr(announce, "PAGE", page)
    people = ["ada@example.edu", "bob@example.edu", "eve@example.edu"]
    for experience in (EXPERIENCE, OTHER_EXPERIENCE):
        await provision(pool, approvals(people, experience_id=experience))
    await add_account(connection, "max@example.edu")
    await told(connection)
    assert await announce_directory(connection) == 4 + 6
    events = await told(connection)
    places = [f"{email}/{experience}/learner" for email in people for experience in (EXPERIENCE, OTHER_EXPERIENCE)]
    assert sorted(key for key, _ in events) == sorted([*people, "max@example.edu", *places])
    assert all(event["present"] for _, event in events)


async def test_an_empty_directory_has_nothing_to_tell(connection):
    assert await announce_directory(connection) == 0


async def test_what_is_announced_is_older_than_what_happens_after_it(connection):
    await add_account(connection, "ada@example.edu")
    await told(connection)
    await announce_directory(connection)
    await remove_account(connection, "ada@example.edu")
    (_, there), (_, gone) = await told(connection)
    assert there["at"] < gone["at"]
    assert (there["present"], gone["present"]) == (True, False)
