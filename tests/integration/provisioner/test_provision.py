"""Provisioning on a real database: what is done, once, and what is said, again and again."""

import random
from uuid import UUID

import asyncpg
import pytest

from services.provisioner import directory, store
from services.provisioner.provision import provision, provision_carefully, provision_new
from tests.integration.provisioner.told import counts, outcomes, people, places, said, without_chance
from tests.unit.provisioner.builders import (
    EXPERIENCE,
    IMPORT,
    OTHER_EXPERIENCE,
    OTHER_IMPORT,
    approval,
    approvals,
)

ADA, GRACE, ALAN = "ada@example.edu", "grace@example.edu", "alan@example.edu"


async def test_a_new_person_gets_an_account_and_a_membership(pool):
    (event,) = said(await provision(pool, [approval(" Ada@Example.edu", first_name="Ada")]))
    assert event["outcome"] == "created"
    assert await people(pool) == (
        [(ADA, " Ada@Example.edu", "Ada", "Lovelace", IMPORT)],
        [(ADA, EXPERIENCE, "learner", IMPORT)],
    )
    assert event["account_id"] == await pool.fetchval("select id from accounts")
    assert event["plan"] == "create"


async def test_an_existing_account_is_not_touched(pool):
    async with pool.acquire() as connection:
        await directory.add_account(connection, ADA, first_name="Augusta", last_name="King")
    answers = await provision(pool, [approval(ADA)])
    assert outcomes(answers) == ["added"]
    assert (await people(pool))[0] == [(ADA, ADA, "Augusta", "King", None)]


async def test_a_person_with_another_role_becomes_a_learner_beside_it(pool):
    async with pool.acquire() as connection:
        await directory.add_account(connection, ADA)
        await directory.add_membership(connection, UUID(EXPERIENCE), ADA, role="mentor")
    assert outcomes(await provision(pool, [approval(ADA)])) == ["added"]
    assert await places(pool) == [(ADA, EXPERIENCE, "learner", IMPORT), (ADA, EXPERIENCE, "mentor", None)]


async def test_a_learner_is_unchanged(pool):
    await provision(pool, [approval(ADA)])
    before = await people(pool)
    answers = await provision(pool, [approval(ADA, import_id=OTHER_IMPORT, first_name="Other")])
    assert outcomes(answers) == ["unchanged"]
    assert await people(pool) == before


async def test_several_records_of_one_person_in_one_batch(pool):
    batch = [
        approval("Ada@example.edu", 2),
        approval("ADA@example.edu", 3),
        approval(ADA, 2, import_id=OTHER_IMPORT, experience_id=OTHER_EXPERIENCE),
    ]
    assert outcomes(await provision(pool, batch)) == ["created", "unchanged", "added"]
    assert (await people(pool))[0] == [(ADA, "Ada@example.edu", "Ada", "Lovelace", IMPORT)]


async def test_a_batch_twice_says_the_same_bytes_and_changes_nothing(pool):
    batch = [*approvals([ADA, GRACE, ALAN]), approval(email_key="")]
    first = await provision(pool, batch)
    before = await people(pool)
    for _ in range(2):
        again = await provision(pool, batch)
        assert again.events == first.events
        assert (again.repeated, not again.outcomes) == (4, True)
    assert await people(pool) == before


async def test_a_batch_that_is_partly_known_is_answered_in_order(pool):
    batch = approvals([f"person{n}@example.edu" for n in range(10)])
    first = await provision(pool, batch[3:6])
    answers = await provision(pool, batch)
    assert answers.events[3:6] == first.events
    assert [event["row"] for event in said(answers)] == [approved.row for approved in batch]
    assert counts(answers) == {"created": 10}


async def test_a_record_twice_in_one_batch_is_answered_twice_with_the_same_bytes(pool):
    batch = [approval(ADA), approval(GRACE, 3), approval(ADA)]
    answers = await provision(pool, batch)
    assert outcomes(answers) == ["created", "created", "created"]
    assert answers.events[0] == answers.events[2]


async def test_stored_answers_are_repeated_after_the_directory_has_changed(pool):
    batch = [approval(ADA), approval(GRACE, 3)]
    first = await provision(pool, batch)
    async with pool.acquire() as connection:
        await directory.remove_account(connection, ADA)
    assert (await provision(pool, batch)).events == first.events
    assert [key for key, *_ in await places(pool)] == [GRACE]


async def test_records_of_a_cancelled_import_are_skipped_and_stay_so(pool):
    batch = [approval(ADA), approval(GRACE, 3)]
    done = await provision(pool, batch[:1])
    await store.remember_cancelled(pool, [IMPORT, IMPORT])
    answers = await provision(pool, [*batch, approval(ALAN, import_id=OTHER_IMPORT)])
    assert outcomes(answers) == ["created", "skipped", "created"]
    assert answers.events[0] == done.events[0]
    await pool.execute("delete from cancelled_imports")
    assert (await provision(pool, batch)).events == answers.events[:2]


@pytest.mark.parametrize(
    "culprit",
    [
        approval(ALAN, 99, last_name="Tu\0ring"),
        approval(ALAN, 99, first_name="A" * 257),
        approval(f"{'a' * 250}@example.edu", 99),
        approval(f"{'a' * 400}@example.edu", 99),
    ],
    ids=["nul", "name too long", "email too long", "key too long"],
)
@pytest.mark.parametrize("place", [0, 21, 50])
async def test_a_record_that_the_database_refuses_does_not_spoil_its_neighbours(pool, culprit, place):
    neighbours = approvals([f"person{n}@example.edu" for n in range(50)], import_id=IMPORT)
    batch = [*neighbours[:place], culprit, *neighbours[place:]]
    answers = await provision(pool, batch)
    assert counts(answers) == {"created": 50, "failed": 1}
    assert said(answers)[place]["problem"]["code"] == "provision.data_refused"
    assert (await provision(pool, batch)).events == answers.events


async def test_after_a_refused_record_the_next_one_of_the_person_creates(pool):
    batch = [approval(ADA, 2, first_name="\0"), approval(GRACE, 3), approval(ADA, 4)]
    assert outcomes(await provision(pool, batch)) == ["failed", "created", "created"]


async def test_values_that_are_not_written_cannot_be_refused(pool):
    await provision(pool, [approval(ADA)])
    batch = [approval(ADA, first_name="\0", import_id=OTHER_IMPORT), approval(GRACE, first_name="\0", row=3)]
    assert outcomes(await provision(pool, batch)) == ["unchanged", "failed"]


async def test_an_approval_that_is_refused_is_answered_and_remembered(pool):
    batch = [approval(type="experience-mentors"), approval(GRACE, 3)]
    answers = await provision(pool, batch)
    assert outcomes(answers) == ["failed", "created"]
    assert said(answers)[0]["problem"]["code"] == "provision.refused"
    assert (await provision(pool, batch)).events == answers.events


async def test_a_database_that_is_gone_raises(pool, open_pool, database):
    gone = await open_pool(await database("provisioner"))
    await gone.close()
    with pytest.raises(asyncpg.InterfaceError):
        await provision(gone, [approval()])


async def test_the_fast_way_gives_up_without_a_trace(pool):
    await provision(pool, [approval(GRACE, 3)])
    before = await people(pool)
    with pytest.raises(asyncpg.UniqueViolationError):
        async with pool.acquire() as connection, connection.transaction():
            await provision_new(connection, [approval(ADA), approval(GRACE, 3)])
    assert await people(pool) == before


@pytest.mark.parametrize("seed", range(6))
async def test_both_ways_give_the_same_answers(seed, database, open_pool):
    """The same random story, told once the fast way where it can be taken, and once the careful way only."""
    fast, careful = [await open_pool(await database("provisioner")) for _ in range(2)]
    chance = random.Random(seed)
    past = []
    for _ in range(25):
        batch = _random_batch(chance, past)
        quick, slow = await provision(fast, batch), await provision_carefully(careful, batch)
        assert without_chance(quick) == without_chance(slow)
        assert (quick.outcomes, quick.repeated) == (slow.outcomes, slow.repeated)
        past += batch
        await _random_change(chance, fast, careful)
    assert await people(fast) == await people(careful)


_EMAILS = [f"{spelling}{n}@example.edu" for n in range(60) for spelling in ("person", "Person", " PERSON")]
_EXPERIENCES = [EXPERIENCE, OTHER_EXPERIENCE]
_IMPORTS = [f"0f0e6c64-59a7-4d7c-9a0c-6f3a6f6b0d{n:02}" for n in range(8)]


def _random_batch(chance, past):
    again = chance.sample(past, min(len(past), chance.choice([0, 0, 0, 1, 10])))
    new = [_random_approval(chance) for _ in range(chance.randrange(30))]
    batch = [*again, *new]
    chance.shuffle(batch)
    return batch


def _random_approval(chance):
    odd = {"first_name": "\0"} if chance.random() < 0.02 else {"email_key": ""} if chance.random() < 0.02 else {}
    return approval(
        chance.choice(_EMAILS), chance.randrange(2, 500),
        import_id=chance.choice(_IMPORTS), experience_id=chance.choice(_EXPERIENCES), **odd,
    )  # fmt: skip


async def _random_change(chance, *pools):
    email, experience, import_id = chance.choice(_EMAILS), UUID(chance.choice(_EXPERIENCES)), chance.choice(_IMPORTS)
    change = chance.choice(["nothing", "remove account", "remove membership", "cancel"])
    for pool in pools:
        async with pool.acquire() as connection:
            match change:
                case "remove account":
                    await directory.remove_account(connection, email)
                case "remove membership":
                    await directory.remove_membership(connection, experience, email)
                case "cancel":
                    await store.remember_cancelled(connection, [import_id])
