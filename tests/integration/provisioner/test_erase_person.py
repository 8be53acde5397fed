"""One person taken out of the answers, which stay answers; their account goes with its memberships if that is asked for, and the topic
that is kept for ever lets go of their key."""

from services.provisioner.erase_person import answers_about, created, erase_person
from services.provisioner.provision import provision
from shared.erasure import Person
from shared.events import Codec, Outcome, RecordProvisioned
from tests.unit.provisioner.builders import EXPERIENCE, approvals

ADA = Person.of("ada@example.edu")
decode = Codec(RecordProvisioned).decode
TWO = approvals(["Ada@Example.edu", "bob@example.edu"])


async def erase(pool, *, account=False, told_of=None):
    """The lines, and whether there is an account now."""
    async with pool.acquire() as connection:
        answers = await answers_about(connection, ADA)
        return await erase_person(connection, ADA, answers, account=account, told_of=told_of)


async def test_the_answer_stays_without_the_person_and_is_said_again_so(pool):
    await provision(pool, TWO)
    async with pool.acquire() as connection:
        found = await answers_about(connection, ADA)
    lines, _ = await erase(pool)
    assert (lines[0].place, lines[0].count) == ("provisioner: answers", 1)
    again = await provision(pool, TWO)
    ada, bob = map(decode, again.events)
    assert (ada.outcome, ada.email_key, set(ada.values.values())) == (Outcome.CREATED, "", {""})
    assert (bob.email_key, again.repeated) == ("bob@example.edu", 2)
    assert list(created(found, ADA)) == [(ada.import_id, TWO[0].row, ada.account_id)]


async def test_the_account_stays_unless_that_is_asked_for(pool):
    await provision(pool, TWO)
    assert (await erase(pool))[1]
    assert await pool.fetchval("select count(*) from accounts") == 2
    assert await pool.fetchval("select count(*) from outbox") == 0


async def test_the_account_goes_is_told_and_its_keys_are_taken_back(pool):
    await provision(pool, TWO)
    assert not (await erase(pool, account=True, told_of=[EXPERIENCE]))[1]
    told = [
        (row["key"].decode(), row["value"] is None)
        for row in await pool.fetch("select key, value from outbox order by id")
    ]
    place = f"{ADA.key}/{EXPERIENCE}/learner"
    assert told == [(place, False), (ADA.key, False), (ADA.key, True), (place, True)]
    assert await pool.fetchval("select count(*) from memberships") == 1


async def test_a_record_that_comes_again_makes_no_new_account(pool):
    await provision(pool, TWO)
    await erase(pool, account=True)
    assert (await provision(pool, TWO)).repeated == 2
    assert await pool.fetchval("select count(*) from accounts where email_key = $1", ADA.key) == 0


async def test_a_second_time_there_is_nothing(pool):
    await provision(pool, TWO)
    await erase(pool, account=True)
    assert await erase(pool, account=True) == ([], False)


async def test_keys_of_whom_others_have_heard_are_taken_back_though_the_account_is_long_gone(pool):
    await erase(pool, told_of=[])
    assert [(row["key"].decode(), row["value"]) for row in await pool.fetch("select key, value from outbox")] == [
        (ADA.key, None)
    ]
    await erase(pool, told_of=None)
    assert await pool.fetchval("select count(*) from outbox") == 1
