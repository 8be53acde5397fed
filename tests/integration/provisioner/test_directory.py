"""Changes by hand: what is there after them, and what is told."""

import json
from uuid import UUID

import pytest

from services.provisioner import directory
from services.provisioner.directory import Change, InvalidValue
from services.provisioner.provision import provision
from tests.integration.provisioner.told import outcomes, people, places
from tests.unit.provisioner.builders import EXPERIENCE, OTHER_EXPERIENCE, approval

ADA = "ada@example.edu"
HERE, THERE = UUID(EXPERIENCE), UUID(OTHER_EXPERIENCE)


@pytest.fixture
async def connection(pool):
    async with pool.acquire() as connection:
        yield connection


async def told(connection):
    """Key -> event, in the order in which they will be published; they are taken off the outbox."""
    rows = await connection.fetch("select topic, key, value from outbox order by id")
    await connection.execute("delete from outbox")
    assert {row["topic"] for row in rows} <= {"directory.changes"}
    return {row["key"].decode(): json.loads(row["value"]) for row in rows}


async def test_an_account_is_added_and_told(connection):
    assert await directory.add_account(connection, " Ada@Example.edu\u200b", first_name="Ada") is Change.DONE
    account_id = await connection.fetchval("select id from accounts where email = 'Ada@Example.edu'")
    ((key, event),) = (await told(connection)).items()
    assert key == ADA
    assert event.pop("at").endswith("+00:00")
    assert event == {
        "email_key": ADA, "present": True, "account_id": account_id, "experience_id": "", "role": "",
    }  # fmt: skip


async def test_an_account_that_is_there_stays_as_it_is_and_nothing_is_told(connection):
    await directory.add_account(connection, ADA, first_name="Ada")
    await told(connection)
    assert await directory.add_account(connection, "ADA@example.edu", first_name="Other") is Change.NEEDLESS
    assert await connection.fetchval("select first_name from accounts") == "Ada"
    assert await told(connection) == {}


async def test_an_account_goes_with_its_memberships_and_each_is_told(connection, pool):
    await directory.add_account(connection, ADA)
    await directory.add_membership(connection, HERE, ADA)
    await directory.add_membership(connection, THERE, ADA, role="mentor")
    await told(connection)
    assert await directory.remove_account(connection, "Ada@example.edu") is Change.DONE
    events = await told(connection)
    assert set(events) == {f"{ADA}/{HERE}/learner", f"{ADA}/{THERE}/mentor", ADA}
    assert not any(event["present"] for event in events.values())
    assert await people(pool) == ([], [])


async def test_a_membership_comes_and_goes_and_both_are_told(connection, pool):
    await directory.add_account(connection, ADA)
    await told(connection)
    for change, present in ((directory.add_membership, True), (directory.remove_membership, False)):
        assert await change(connection, HERE, ADA) is Change.DONE
        ((key, event),) = (await told(connection)).items()
        assert key == f"{ADA}/{EXPERIENCE}/learner"
        assert (event["present"], event["experience_id"], event["role"]) == (present, EXPERIENCE, "learner")
        assert len(await places(pool)) == present
        assert await change(connection, HERE, ADA) is Change.NEEDLESS
        assert await told(connection) == {}


async def test_roles_of_one_person_are_apart(connection, pool):
    await directory.add_account(connection, ADA)
    await directory.add_membership(connection, HERE, ADA, role="mentor")
    await directory.add_membership(connection, HERE, ADA)
    assert await directory.remove_membership(connection, HERE, ADA) is Change.DONE
    assert [role for _, _, role, _ in await places(pool)] == ["mentor"]


async def test_a_person_without_an_account_has_no_memberships(connection):
    assert await directory.add_membership(connection, HERE, ADA) is Change.NO_ACCOUNT
    assert await directory.remove_membership(connection, HERE, ADA) is Change.NO_ACCOUNT
    assert await directory.remove_account(connection, ADA) is Change.NEEDLESS
    assert await told(connection) == {}


@pytest.mark.parametrize("email", ["", "ada", "ada@", "ada@example", "a b@example.edu", "ada@example.edu\0"])
async def test_what_is_no_email_is_refused_in_words(connection, email):
    with pytest.raises(InvalidValue, match="not an email address"):
        await directory.add_account(connection, email)
    with pytest.raises(InvalidValue, match="not an email address"):
        await directory.add_membership(connection, HERE, email)


async def test_names_and_roles_that_do_not_fit_are_refused_in_words(connection):
    for name in ("A" * 257, "A\0"):
        with pytest.raises(InvalidValue, match="A name has at most 256"):
            await directory.add_account(connection, ADA, last_name=name)
    for role in ("", "Mentor/learner", "m" * 65):
        with pytest.raises(InvalidValue, match="A role is a word"):
            await directory.add_membership(connection, HERE, ADA, role=role)


async def test_an_import_after_a_change_sees_it(connection, pool):
    await directory.add_account(connection, ADA)
    await directory.add_membership(connection, HERE, ADA)
    assert outcomes(await provision(pool, [approval(ADA)])) == ["unchanged"]
    await directory.remove_account(connection, ADA)
    assert outcomes(await provision(pool, [approval(ADA, 3)])) == ["created"]
