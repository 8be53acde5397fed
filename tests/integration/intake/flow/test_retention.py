"""What is older than the settings say goes, and nothing else: an import keeps its line and counts, the rules their memory."""

from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from services.intake import retention
from services.intake.ask_for_emails import resend_emails
from services.intake.read_imports import counts_json, import_json
from services.intake.retention import limits
from services.intake.start_run import RunRefused
from services.intake.users.people import note_action
from shared.clock import now
from shared.postgres.retention import Kept, apply_once, look
from shared.topics import APPROVALS
from tests.integration.intake.flow.test_emails import FAILED, SENT, settled
from tests.integration.intake.flow.test_repair_mails import finish_mail, finished, silence  # noqa: F401 - a fixture
from tests.integration.intake.flow.world import csv

TABLES = ("records", "record_problems", "record_results", "record_emails", "record_words")


async def apply(world):
    async with world.pool.acquire() as connection:
        return await apply_once(connection, limits(world.deps))


async def rows_left(world):
    return {table: await world.pool.fetchval(f"select count(*) from {table}") for table in TABLES}


async def grow_old(world, *, days):
    """The world's imports were over so many days ago."""
    await world.pool.execute(
        "update imports set searchable = true, submitted_at = submitted_at - make_interval(days => $1),"
        " ready_at = ready_at - make_interval(days => $1), finished_at = finished_at - make_interval(days => $1),"
        " cancelled_at = cancelled_at - make_interval(days => $1)",
        days,
    )


def file_of(world, row):
    return Path(world.deps.file_store._store.prefix) / row["file_path"]


@pytest.fixture
async def over(world, finished):  # noqa: F811 - the fixture
    """A finished import of whose mails all is heard."""
    await world.settle_emails([*(settled(finished, row, SENT) for row in (3, 6)), settled(finished, 9, FAILED)])
    await world.settle_emails([finish_mail(finished)])
    await silence(world, finished)
    return finished


async def test_young_things_stay(world, over):
    before = await rows_left(world)
    await grow_old(world, days=89)
    assert set((await apply(world)).values()) == {0}
    assert await rows_left(world) == before
    assert file_of(world, await world.row(over)).exists()


async def test_the_source_file_goes_first_and_the_import_says_so(world, over):
    await grow_old(world, days=91)
    assert (await apply(world))["source files"] == 1
    row = await world.row(over)
    assert not file_of(world, row).exists()
    assert import_json(row, "")["file"]["gone_at"] is not None
    assert (await apply(world))["source files"] == 0


async def test_records_go_and_the_counts_stay(world, over, monkeypatch):
    monkeypatch.setattr("shared.postgres.retention.AT_ONCE", 3)
    counts = counts_json(await world.row(over))
    await grow_old(world, days=181)
    assert (await apply(world))["records"] > 10
    assert set((await rows_left(world)).values()) == {0}
    row = await world.row(over)
    assert (counts_json(row), row["records_left"]) == (counts, False)
    assert import_json(row, "")["records_gone_at"] is not None


async def test_no_mail_is_asked_for_once_records_are_gone(world, over):
    await grow_old(world, days=181)
    await apply(world)
    with pytest.raises(RunRefused) as refused:
        await resend_emails(world.deps, over, world.person)
    assert refused.value.code == "import.records_gone"


async def test_records_stay_while_mails_are_still_asked_about(world, finished):  # noqa: F811 - the fixture
    before = await rows_left(world)
    await grow_old(world, days=181)
    assert (await apply(world))["records"] == 0
    assert await rows_left(world) == before


async def test_answers_that_come_after_the_records_change_nothing(world, over):
    await grow_old(world, days=181)
    await apply(world)
    before = await world.row(over)
    batch = await world.provision(world.kafka.all(APPROVALS))
    assert len(batch.rejected) == len(batch.events)
    assert await world.row(over) == before
    assert set((await rows_left(world)).values()) == {0}


async def test_an_import_that_nobody_runs_is_cancelled_and_told(world, worker):
    waiting = await world.ready(csv(5))
    await grow_old(world, days=89)
    assert (await apply(world))["imports never run"] == 0
    await grow_old(world, days=2)
    assert (await apply(world))["imports never run"] == 1
    assert await world.status(waiting) == "cancelled"
    assert (await world.told(waiting))[-1] == "ImportCancelled"
    action = await world.pool.fetchrow("select * from audit_log order by id desc limit 1")
    assert (action["email_key"], action["action"], action["import_id"]) == ("retention", "import.cancelled", waiting)


async def test_what_a_rejected_file_began_with_goes(world):
    rejected = await world.submit("x")
    await world.pool.execute(
        'update imports set status = \'rejected\', detected = \'{"first_lines": ["ada@school.edu"], "encoding": "UTF-8"}\''
    )
    await grow_old(world, days=181)
    await apply(world)
    assert (await world.row(rejected))["detected"] == '{"encoding": "UTF-8"}'


async def test_the_audit_log_is_only_added_to_and_its_oldest_lines_go(world):
    for days in (800, 731, 729):
        await note_action(world.pool, "ada@school.edu", action=f"import.run.{days}")
    for statement in ("update audit_log set action = 'x'", "delete from audit_log"):
        with pytest.raises(asyncpg.RaiseError, match="only added to"):
            await world.pool.execute(statement)
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute("alter table audit_log disable trigger audit_log_is_only_added_to")
        await connection.execute(
            "update audit_log set at = now() - make_interval(days => split_part(action, '.', 3)::int) where action like 'import.run.%'"
        )
        await connection.execute(
            "update audit_log set at = now() - interval '900 days' where action not like 'import.run.%'"
        )
        await connection.execute("alter table audit_log enable trigger audit_log_is_only_added_to")
    assert (await apply(world))["audit log"] == 3
    assert [row["action"] for row in await world.pool.fetch("select action from audit_log")] == ["import.run.729"]


async def test_sessions_and_links_that_work_no_more_go(world):
    for days in (-2, 1):
        await world.pool.execute(
            "insert into sessions (hash, email_key, how, expires_at) values ($1, $2, 'link', now() + make_interval(days => $3))",
            bytes([days + 9]), world.person, days,
        )  # fmt: skip
        await world.pool.execute(
            "insert into sign_in_links (hash, email_key, expires_at) values ($1, $2, now() + make_interval(days => $3))",
            bytes([days + 9]), world.person, days,
        )  # fmt: skip
    assert (await apply(world))["sign-ins"] == 2
    assert await world.pool.fetchval("select count(*) from sessions") == 1


async def test_what_is_kept_for_too_long_is_seen(world, over):
    await grow_old(world, days=185)
    async with world.pool.acquire() as connection:
        never_applied = await look(connection, "records", retention.OLDEST["records"])
        assert (never_applied.days, never_applied.applied_at) == (None, None)
    late = Kept(what="records", days=180, oldest=never_applied.oldest, applied_at=None, removed=0)
    assert timedelta(days=4.9) < late.overdue < timedelta(days=5.1)
    await apply(world)
    async with world.pool.acquire() as connection:
        applied = await look(connection, "records", retention.OLDEST["records"])
    assert (applied.days, applied.oldest, applied.overdue) == (180, None, timedelta(0))
    assert applied.removed > 10
    assert now() - applied.applied_at < timedelta(minutes=1)
