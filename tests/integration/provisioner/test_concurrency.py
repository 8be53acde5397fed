"""Two of everything at once: imports, replicas, and changes by hand in between."""

import asyncio
import json
import random
from uuid import UUID

import pytest

from services.provisioner import directory
from services.provisioner.provision import provision
from tests.integration.provisioner.told import counts, places, said
from tests.unit.provisioner.builders import EXPERIENCE, OTHER_EXPERIENCE, approvals


@pytest.fixture
async def replicas(database, open_pool):
    """Two pools on one database."""
    dsn = await database("provisioner")
    return await open_pool(dsn), await open_pool(dsn)


@pytest.mark.parametrize("experience_of_the_second", [EXPERIENCE, OTHER_EXPERIENCE], ids=["same", "other"])
async def test_two_imports_of_the_same_people_at_once_make_one_account_each(replicas, experience_of_the_second):
    for turn in range(4):
        emails = [f"person{turn}-{n}@example.edu" for n in range(2000)]
        ones = approvals(emails, experience_id=EXPERIENCE)
        others = approvals(emails[::-1], experience_id=experience_of_the_second)
        first, second = await asyncio.gather(provision(replicas[0], ones), provision(replicas[1], others))
        first_outcomes = {event["email_key"]: event for event in said(first)}
        for event in said(second):
            other = first_outcomes[event["email_key"]]
            loser = "unchanged" if experience_of_the_second == EXPERIENCE else "added"
            assert {event["outcome"], other["outcome"]} == {"created", loser}
            assert event["account_id"] == other["account_id"]
        assert await replicas[0].fetchval("select count(*) from accounts") == 2000 * (turn + 1)


async def test_many_small_batches_of_the_same_people_at_once_create_each_once(replicas):
    chance = random.Random(1)
    emails = [f"person{n}@example.edu" for n in range(300)]
    batches = []
    for _ in range(4):
        chance.shuffle(emails)
        whole = approvals(emails)
        batches.append([whole[start : start + 50] for start in range(0, 300, 50)])

    async def run(pool, parts):
        return [await provision(pool, part) for part in parts]

    done = await asyncio.gather(*(run(replicas[n % 2], parts) for n, parts in enumerate(batches)))
    assert counts(*(answers for some in done for answers in some)) == {"created": 300, "unchanged": 900}


async def test_two_replicas_with_the_same_records_say_the_same_bytes(replicas):
    for turn in range(4):
        batch = approvals([f"person{turn}-{n}@example.edu" for n in range(500)])
        first, second = await asyncio.gather(provision(replicas[0], batch), provision(replicas[1], batch))
        assert first.events == second.events
        assert counts(first) == {"created": 500}
    assert len(await places(replicas[0])) == 2000


async def test_two_replicas_that_have_nothing_to_do_for_the_same_records_say_the_same_bytes(replicas):
    """No account and no membership is in the way of the second one: only the key of the results is."""
    emails = [f"person{n}@example.edu" for n in range(500)]
    await provision(replicas[0], approvals(emails))
    batch = approvals(emails)
    first, second = await asyncio.gather(provision(replicas[0], batch), provision(replicas[1], batch))
    assert first.events == second.events
    assert counts(first) == {"unchanged": 500}


async def test_the_newest_word_about_a_person_is_the_true_one(replicas):
    """Whoever keeps the newest fact per account and membership has the directory, however imports and hands mix."""
    chance = random.Random(2)
    emails = [f"person{n}@example.edu" for n in range(40)]
    events = []

    async def imports(pool):
        for _ in range(30):
            events.extend((await provision(pool, approvals(chance.sample(emails, 20)))).events)

    async def hands(pool):
        for _ in range(150):
            async with pool.acquire() as connection:
                await _change_by_hand(connection, chance.choice(emails), chance.randrange(4))

    await asyncio.gather(imports(replicas[0]), imports(replicas[1]), hands(replicas[0]), hands(replicas[1]))
    told = await replicas[0].fetch("select value from outbox order by id")
    accounts, members = _newest([*events, *(row["value"] for row in told)])
    rows = await replicas[0].fetch("select email_key from accounts")
    assert accounts == {row["email_key"] for row in rows}
    assert members == {key for key, *_ in await places(replicas[0])}


async def _change_by_hand(connection, email, which):
    experience = UUID(EXPERIENCE)
    match which:
        case 0:
            await directory.add_account(connection, email)
        case 1:
            await directory.remove_account(connection, email)
        case 2:
            await directory.add_membership(connection, experience, email)
        case 3:
            await directory.remove_membership(connection, experience, email)


def _newest(events):
    accounts, members = {}, {}
    for event in events:
        fact = json.loads(event)
        present = fact.get("present", True)
        about = [members] if fact.get("role") else [accounts] if "present" in fact else [accounts, members]
        for facts in about:
            facts[fact["email_key"]] = max(facts.get(fact["email_key"], ("", False)), (fact["at"], present))
    return tuple({key for key, (_, present) in facts.items() if present} for facts in (accounts, members))
