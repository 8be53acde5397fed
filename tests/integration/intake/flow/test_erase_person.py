"""One person taken out of the ledger and out of who may do what; counts, rows and outcomes stay."""

import json

import pytest

from services.intake.erase_person import CODE, StillAtWorkError, erase_person, find_person
from services.intake.erase_user import StillNeededError, check_user, erase_user, hash_of
from services.intake.read_imports import counts_json
from services.intake.records.index_words import index_some
from services.intake.users.people import appoint, create_experience, ensure_user, note_action
from services.intake.users.tokens import bearer_of, create_token
from shared.erasure import Deed, Person
from shared.topics import ROWS
from tests.integration.intake.flow.world import eventually

ADA = Person.of("ada@example.edu")
FILE = "Email,First Name,Last Name\nADA@example.edu,Ada,Lovelace\nbob@example.edu,ada@example.edu,Lee\ncyd@example.edu,Cyd,Ek\n"


async def found(world):
    async with world.pool.acquire() as connection:
        return await find_person(connection, ADA)


async def erase(world):
    async with world.pool.acquire() as connection:
        return await erase_person(connection, ADA, await find_person(connection, ADA))


@pytest.fixture
async def finished(world, worker):
    import_id = await world.finished(FILE)
    await index(world, import_id)
    return import_id


async def index(world, import_id):
    async with world.pool.acquire() as connection:
        await index_some(connection, import_id, after=0)


async def test_the_persons_record_keeps_its_row_and_outcome_only(world, finished):
    counts = counts_json(await world.row(finished))
    assert [(line.deed, line.count) for line in await erase(world)] == [(Deed.ERASED, 2)]
    ada, bob, cyd = await world.pool.fetch("select * from records order by row")
    assert (ada["email_key"], json.loads(ada["cells"])) == ("", ["", "", ""])
    assert [problem["code"] for problem in json.loads(ada["problems"])] == [CODE]
    assert json.loads(bob["cells"]) == ["bob@example.edu", "", "Lee"]  # her address stood where his name belongs
    assert json.loads(cyd["cells"])[0] == "cyd@example.edu"
    assert counts_json(await world.row(finished)) == counts
    assert await world.pool.fetchval("select count(*) from record_results") == 3


async def test_nobody_finds_the_record_by_the_persons_words(world, finished):
    await erase(world)
    words = {(row["row"], row["word"]) for row in await world.pool.fetch("select row, word from record_words")}
    assert {word for row, word in words if row == 2} == set()
    assert {word for row, word in words if row == 3} == {"bob", "example", "edu", "lee"}


async def test_a_second_time_there_is_nothing(world, finished):
    await erase(world)
    assert await erase(world) == []
    assert (await found(world)).rows == {}


async def test_what_was_checked_before_does_not_come_back(world, finished):
    await erase(world)
    await world.check(world.kafka.all(ROWS))
    assert (await found(world)).rows == {}


async def test_an_import_that_is_not_over_is_named_and_nothing_is_erased(world, worker, finished):
    ready = await world.ready(FILE)
    with pytest.raises(StillAtWorkError) as refused:
        await found(world)
    assert refused.value.import_ids == [ready]
    assert await world.pool.fetchval("select count(*) from records where email_key = $1", ADA.key) == 2


async def test_an_import_that_is_still_read_is_left_and_said(world, finished):
    await world.submit(FILE)
    async with world.pool.acquire() as connection:
        await connection.execute("update imports set read_row = 0 where id <> $1", finished)
        lines = await erase_person(connection, ADA, await find_person(connection, ADA))
    assert [(line.deed, line.count) for line in lines] == [(Deed.ERASED, 2), (Deed.LEFT, 1)]


async def test_a_rejected_file_whose_words_were_shown_shows_the_person_no_more(world, worker):
    rejected = await world.submit("ada@example.edu,Ada\nbob@example.edu,Bob\n")

    async def is_rejected():
        return await world.status(rejected) == "rejected"

    await eventually(is_rejected)
    assert "ada@example.edu" in (await world.row(rejected))["detected"]
    await erase(world)
    row = await world.row(rejected)
    assert "ada@" not in row["detected"] + row["problems"]
    assert "bob@example.edu" in row["detected"]


async def user(world):
    key = await ensure_user(world.pool, "Ada@example.edu")
    await appoint(world.pool, world.experience, email=key, by=world.person)
    return key


async def test_an_administrator_stays_unless_that_is_asked_for(world):
    await user(world)
    async with world.pool.acquire() as connection:
        lines = await erase_user(connection, ADA, administrator=False)
    assert [(line.place, line.deed) for line in lines] == [
        ("intake: administrator", Deed.KEPT), ("intake: audit log", Deed.KEPT),
    ]  # fmt: skip
    assert await world.pool.fetchval("select count(*) from administrators where email_key = $1", ADA.key) == 1


async def test_an_administrator_goes_and_their_imports_stay(world, worker):
    world.person = await user(world)
    mine = await world.finished(FILE)
    token = await create_token(world.pool, "ada@example.edu", name="laptop")
    await note_action(world.pool, ADA.key, action="import.run", import_id=mine)
    async with world.pool.acquire() as connection:
        await check_user(connection, ADA)
        lines = await erase_user(connection, ADA, administrator=True)
        name = f"erased-{(await hash_of(connection, ADA))[:12]}"
    row = await world.row(mine)
    assert (row["submitted_by"], row["started_by"]) == (name, name)
    assert await bearer_of(world.pool, token) is None
    assert await world.pool.fetchval("select count(*) from users where email_key = $1", ADA.key) == 0
    assert [line.deed for line in lines] == [Deed.ERASED, Deed.KEPT]  # who did what stays known


async def test_an_administrator_who_is_alone_or_at_work_cannot_go_yet(world, worker):
    key = await user(world)
    alone = await create_experience(world.pool, "Alone", key)
    async with world.pool.acquire() as connection:
        with pytest.raises(StillNeededError, match="appoint somebody else"):
            await check_user(connection, ADA)
        await appoint(world.pool, alone, email="other@example.edu", by=key)
        world.person = key
        await world.ready("Email,First Name,Last Name\ncyd@example.edu,,\n")
        with pytest.raises(StillNeededError, match="run or cancel"):
            await check_user(connection, ADA)
