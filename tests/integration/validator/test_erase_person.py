"""One person taken out of what the validator remembers; its copy follows the directory."""

import uuid
from datetime import UTC, datetime

from services.validator.consumers import on_records_provisioned, on_rows_read
from services.validator.erase_person import erase_person
from shared.erasure import Deed, Person
from shared.events import Outcome, Plan, RecordProvisioned
from tests.unit.validator.builders import EXPERIENCE, IMPORT, batch_of, rows_read

ADA = Person.of("ada@example.org")


def provisioned(**changed):
    fields = {
        "import_id": IMPORT, "experience_id": EXPERIENCE, "row": 2, "email_key": ADA.key, "values": {}, "plan": Plan.CREATE,
        "outcome": Outcome.CREATED, "at": "2026-01-01T00:00:00+00:00", "account_id": 1,
    }  # fmt: skip
    return RecordProvisioned(**{**fields, **changed})


async def erase(pool, *, has_account):
    async with pool.acquire() as connection:
        lines = await erase_person(connection, ADA, has_account=has_account)
    return [(line.place.partition(": ")[2], line.deed, line.count) for line in lines]


async def test_emails_seen_go_and_those_of_others_stay(deps, pool):
    await on_rows_read(batch_of(*rows_read("ada@example.org", "bob@example.org")), deps)
    assert await erase(pool, has_account=False) == [("emails seen", Deed.ERASED, 1)]
    assert await pool.fetchval("select count(*) from seen") == 1


async def test_the_copy_stays_as_long_as_the_account(deps, pool):
    await on_records_provisioned(batch_of(provisioned()), deps)
    assert await erase(pool, has_account=True) == [("copy of the directory", Deed.KEPT, 2)]
    assert await pool.fetchval("select bool_and(present) from known_accounts")


async def test_without_an_account_the_person_is_gone_and_old_results_do_not_bring_them_back(deps, pool):
    await on_records_provisioned(batch_of(provisioned()), deps)
    assert await erase(pool, has_account=False) == [("copy of the directory", Deed.KEPT, 2)]
    await on_records_provisioned(batch_of(provisioned()), deps)
    for table in ("known_accounts", "known_memberships"):
        assert await pool.fetchval(f"select bool_or(present) from {table}") is False
    assert await pool.fetchval("select changed_at from known_accounts") > datetime(2026, 1, 1, tzinfo=UTC)


async def test_an_answer_about_an_erased_person_tells_nothing_and_is_no_trouble(deps, pool):
    batch = batch_of(provisioned(email_key="", values={"email": ""}), provisioned(email_key="bob@example.org", row=3))
    await on_records_provisioned(batch, deps)
    assert batch.rejected == {}
    assert [row[0] for row in await pool.fetch("select email_key from known_accounts")] == ["bob@example.org"]


async def test_a_person_in_many_experiences_is_found_in_each(pool):
    for _ in range(20):
        await pool.execute("insert into known_memberships values ($1, $2, true, now())", uuid.uuid4(), ADA.key)
        await pool.execute("insert into known_memberships values ($1, 'bob@x.org', true, now())", uuid.uuid4())
    assert await erase(pool, has_account=False) == [("copy of the directory", Deed.KEPT, 20)]
    assert await pool.fetchval("select count(*) from known_memberships where present") == 20
