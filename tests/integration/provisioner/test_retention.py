"""Old answers go; younger ones answer the same words again, so nothing is done twice while anybody may ask."""

import uuid

from pydantic import SecretStr

from services.provisioner.provision import provision
from services.provisioner.retention import limits
from services.provisioner.settings import Settings
from shared.events import Outcome
from shared.postgres.retention import apply_once
from tests.unit.provisioner.builders import approval


async def apply(pool):
    async with pool.acquire() as connection:
        return await apply_once(connection, limits(Settings(database_url=SecretStr("postgresql://"))))


async def answered(pool, days):
    """An import whose two records were answered so many days ago."""
    import_id = str(uuid.uuid4())
    approvals = [approval(f"p{row}.{days}@x.org", row, import_id=import_id) for row in (2, 3)]
    answers = await provision(pool, approvals)
    await pool.execute(
        "update results set created_at = now() - make_interval(days => $2) where import_id = $1", import_id, days
    )
    return approvals, answers


async def test_answers_go_when_they_are_old_and_no_others(pool):
    await answered(pool, 211)
    young, said = await answered(pool, 209)
    assert (await apply(pool))["answers"] == 2
    again = await provision(pool, young)
    assert (again.events, again.repeated) == (said.events, 2)


async def test_a_record_that_comes_again_after_all_makes_no_second_account(pool):
    old, _ = await answered(pool, 211)
    await apply(pool)
    assert (await provision(pool, old)).outcomes == {Outcome.UNCHANGED: 2}
    assert await pool.fetchval("select count(*) from accounts") == 2


async def test_many_imports_are_walked_one_by_one(pool):
    for days in (220, 215, 1):
        await answered(pool, days)
    assert (await apply(pool))["answers"] == 4
    assert await pool.fetchval("select count(*) from results") == 2


async def test_cancelled_imports_are_forgotten_with_the_answers(pool):
    for days in (211, 209):
        await pool.execute(
            "insert into cancelled_imports values ($1, now() - make_interval(days => $2))", uuid.uuid4(), days
        )
    assert (await apply(pool))["imports cancelled"] == 1
