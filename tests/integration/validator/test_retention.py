"""What the validator needs no more goes: emails of imports that never ended, marks, and who is gone."""

import uuid

from pydantic import SecretStr

from services.validator.consumers import on_rows_read
from services.validator.retention import limits
from services.validator.settings import Settings
from shared.postgres.retention import apply_once
from tests.unit.validator.builders import IMPORT, batch_of, rows_read


async def apply(pool):
    async with pool.acquire() as connection:
        return await apply_once(connection, limits(Settings(database_url=SecretStr("postgresql://"))))


async def test_emails_of_an_import_that_never_ends_go_after_a_while_and_do_not_come_back(deps, pool):
    await on_rows_read(batch_of(*rows_read("ada@example.org", "bob@example.org")), deps)
    assert (await apply(pool))["emails seen"] == 0
    await pool.execute("update seen_imports set noticed_at = now() - interval '31 days'")
    assert (await apply(pool))["emails seen"] == 3  # two emails, and the note that they are gone
    await on_rows_read(batch_of(*rows_read("ada@example.org")), deps)
    assert await pool.fetchval("select count(*) from seen") == 0
    assert [str(row[0]) for row in await pool.fetch("select import_id from forgotten_imports")] == [IMPORT]


async def test_marks_outlive_the_rows_that_may_come_again(pool):
    for days in (29, 31):
        await pool.execute(
            "insert into forgotten_imports values ($1, now() - make_interval(days => $2))", uuid.uuid4(), days
        )
    assert (await apply(pool))["imports that are over"] == 1


async def test_who_is_gone_is_forgotten_with_all_memberships_and_who_is_there_stays(pool):
    experiences = [uuid.uuid4() for _ in range(3)]
    for key, days in (
        ("bob", 31),
        ("cyd", 29),
    ):  # their last memberships were not told as gone: that the account went says it
        gone = (f"{key}@x.org", days)
        await pool.execute("insert into known_accounts values ($1, false, now() - make_interval(days => $2))", *gone)
        for experience in experiences:
            await pool.execute(
                "insert into known_memberships values ($3, $1, true, now() - make_interval(days => $2 + 1))",
                *gone,
                experience,
            )
    await pool.execute("insert into known_accounts values ('ada@x.org', true, now() - interval '99 days')")
    await pool.execute(
        "insert into known_memberships values ($1, 'eve@x.org', false, now() - interval '31 days')", experiences[0]
    )
    assert (await apply(pool))["who is gone"] == 2
    keys = "select distinct email_key from {} order by 1"
    assert [row[0] for row in await pool.fetch(keys.format("known_accounts"))] == ["ada@x.org", "cyd@x.org"]
    assert [row[0] for row in await pool.fetch(keys.format("known_memberships"))] == ["cyd@x.org"]
