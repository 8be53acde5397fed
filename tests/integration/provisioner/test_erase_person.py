"""One person taken out of the answers, which stay answers; their account goes with its memberships if that is asked for, and the topic
that is kept for ever lets go of their key."""

from services.provisioner.erase_person import erase_person
from services.provisioner.provision import provision
from shared.erasure import Person
from shared.events import Codec, Outcome, RecordProvisioned
from tests.unit.provisioner.builders import EXPERIENCE, approvals

ADA = Person.of("ada@example.edu")
decode = Codec(RecordProvisioned).decode
TWO = approvals(["Ada@Example.edu", "bob@example.edu"])


async def erase(pool, *, account=False, experiences=()):
    async with pool.acquire() as connection:
        return await erase_person(connection, ADA, account=account, experiences=experiences)


async def test_the_answer_stays_without_the_person_and_is_said_again_so(pool):
    await provision(pool, TWO)
    erased = await erase(pool)
    assert (erased.lines[0].place, erased.lines[0].count) == ("provisioner: answers", 1)
    again = await provision(pool, TWO)
    ada, bob = map(decode, again.events)
    assert (ada.outcome, ada.email_key, set(ada.values.values())) == (Outcome.CREATED, "", {""})
    assert (bob.email_key, again.repeated) == ("bob@example.edu", 2)
    assert [(one.row, one.account_id) for one in erased.created] == [(TWO[0].row, ada.account_id)]


async def test_the_account_stays_unless_that_is_asked_for(pool):
    await provision(pool, TWO)
    assert (await erase(pool)).has_account
    assert await pool.fetchval("select count(*) from accounts") == 2
    assert await pool.fetchval("select count(*) from outbox") == 0


async def test_the_account_goes_is_told_and_its_keys_are_taken_back(pool):
    await provision(pool, TWO)
    assert not (await erase(pool, account=True, experiences=[EXPERIENCE])).has_account
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
    assert (await erase(pool, account=True)).lines == []
