"""The ledger: what was kept before changes nothing, whatever way, order or company it comes in."""

import asyncio
import dataclasses
import random
from uuid import UUID

import asyncpg
import pytest

from services.intake.consumers import on_records_provisioned
from services.intake.ledger.keep import keep
from services.intake.ledger.keep_checks import RECORDS
from services.intake.ledger.keep_results import OUTCOMES
from services.intake.start_run import start_run
from shared.events import EmailKind, EmailSettled, EmailStatus, Outcome, RowRead
from shared.kafka.consume import Batch
from tests.integration.intake.flow.world import AT, adds_up, checked, codes, csv, ledger, provisioned

ROWS_OF_FILE = 60


@pytest.fixture
def chance():
    return random.Random(7)


async def preprocessing(world, count=ROWS_OF_FILE, *, complete=False):
    """An import whose rows are out, without a worker; its rows."""
    import_id = await world.submit(csv(count))
    await world.pool.execute(
        "update imports set status = 'preprocessing', read_row = $2 + 1, rows = $2, read_complete = $3 where id = $1",
        import_id, count, complete,
    )  # fmt: skip
    columns = {"email": 0, "first_name": 1, "last_name": 2}
    rows = []
    for number, line in enumerate(csv(count).splitlines()[1:], start=2):
        cells = line.split(",")
        rows.append(
            RowRead(
                import_id=str(import_id),
                experience_id=str(world.experience),
                type="experience-learners",
                row=number,
                email_key=cells[0],
                cells=cells,
                columns=columns,
            )
        )
    return import_id, rows


async def running(world, count=ROWS_OF_FILE):
    """An import whose approvals are out, without a worker; its approvals (rows will do)."""
    import_id, rows = await preprocessing(world, count, complete=True)
    await world.check(rows)
    await start_run(world.deps, import_id, world.person)
    await world.pool.execute(
        "update imports set approve_complete = true, approving_row = read_row, approved_row = read_row"
    )
    return import_id, [checked(row) for row in rows if row.email_key]


async def test_records_are_kept_as_they_were_checked(world):
    import_id, rows = await preprocessing(world, 10)
    rows[3].cells[1] = 'a "quoted"\0 name'
    await world.check(rows)
    records, _, problems, counters = await ledger(world.pool, import_id)
    assert records[3] == (
        5, "person3@example.edu", "ready", "nothing", '["person3@example.edu","a \\"quoted\\"\\u0000 name","Lee3"]',
        '{"email":"person3@example.edu","first_name":"a \\"quoted\\"\\u0000 name","last_name":"Lee3"}', None,
    )  # fmt: skip
    assert problems == [("email.missing", 11), ("value.trimmed", 8)]
    assert codes(records[9][6]) == ["email.missing"]
    assert (counters["checked"], counters["ready"], counters["warning"], counters["error"]) == (10, 8, 1, 1)


async def test_an_email_key_with_a_nul_character_is_kept_without_it(world):
    import_id, rows = await preprocessing(world, 2)
    rows[0].email_key = "a\0b@example.edu"
    await world.check(rows)
    assert (await ledger(world.pool, import_id))[0][0][1] == "ab@example.edu"


async def test_two_problems_of_one_code_are_found_once(world):
    import_id, rows = await preprocessing(world, 10)
    event = checked(rows[9])
    await keep(world.deps, [dataclasses.replace(event, problems=event.problems * 2)], RECORDS)
    assert (await ledger(world.pool, import_id))[2] == [("email.missing", 11)]


async def test_checks_delivered_twice_change_nothing(world):
    import_id, rows = await preprocessing(world)
    await world.check(rows)
    before = await ledger(world.pool, import_id)
    await world.check(rows)
    assert await ledger(world.pool, import_id) == before
    assert before[3]["checked"] == ROWS_OF_FILE


async def test_checks_in_any_order_and_company_come_to_the_same(world, chance):
    ways = []
    for _ in range(4):
        import_id, rows = await preprocessing(world, complete=True)
        several = [*rows, *chance.sample(rows, 30)]
        if ways:
            chance.shuffle(several)
        while several:
            size = chance.randint(1, 25) if ways else len(several)
            await world.check(several[:size])
            several = several[size:]
        ways.append(await ledger(world.pool, import_id))
    assert ways[0][3]["status"] == "ready"
    assert all(way == ways[0] for way in ways)


async def test_the_fast_and_the_careful_way_keep_the_same_records(world):
    first, rows = await preprocessing(world)
    await world.check(rows)
    second, again = await preprocessing(world)
    await world.check(again[:1])
    await world.check(again)  # one is there: the whole batch goes the careful way
    assert await ledger(world.pool, first) == await ledger(world.pool, second)


async def test_the_fast_and_the_careful_way_keep_the_same_outcomes(world):
    first, approvals = await running(world)
    await world.provision(approvals)
    second, again = await running(world)
    await world.provision(again[:1])
    await world.provision(again)
    ways = [await ledger(world.pool, import_id) for import_id in (first, second)]
    assert ways[0] == ways[1]
    assert ways[0][3]["status"] == "finished"


async def test_results_delivered_twice_and_in_any_order_change_nothing(world, chance):
    ways = []
    for _ in range(3):
        import_id, approvals = await running(world)
        several = [*approvals, *approvals]
        if ways:
            chance.shuffle(several)
        for start in range(0, len(several), 17):
            await world.provision(several[start : start + 17])
        ways.append(await ledger(world.pool, import_id))
        assert adds_up(await world.row(import_id))
    assert all(way == ways[0] for way in ways)


async def test_answers_of_several_imports_in_one_batch_are_counted_for_each(world):
    first, rows = await preprocessing(world, 10)
    second, others = await preprocessing(world, 20)
    mixed = [row for pair in zip(rows, others, strict=False) for row in pair] + others[10:]
    await world.check(mixed)
    assert [(await world.row(import_id))["checked"] for import_id in (first, second)] == [10, 20]


@pytest.mark.parametrize("status", ["ready", "cancelled", "rejected", "running", "finished"])
async def test_checks_of_an_import_past_checking_are_ignored(world, status):
    import_id, rows = await preprocessing(world, 5)
    await world.pool.execute("update imports set status = $1", status)
    batch = await world.check(rows)
    assert not batch.rejected
    assert not (await ledger(world.pool, import_id))[0]


@pytest.mark.parametrize("import_id", [str(UUID(int=7)), "no uuid", ""])
async def test_answers_that_name_an_import_that_there_is_not_go_to_the_dead_letters(world, import_id):
    known, rows = await preprocessing(world, 5)
    rows[2].import_id = import_id
    batch = await world.check(rows)
    assert batch.rejected == {2: "import.unknown"}
    assert (await world.row(known))["checked"] == 4
    assert (await world.provision([checked(row) for row in rows if row.email_key])).rejected == {2: "import.unknown"}


@pytest.mark.parametrize(
    "differences", [{"row": 1}, {"row": -2}, {"row": 99}, {"row": 2**40}, {"experience_id": str(UUID(int=7))}]
)
async def test_checks_that_nobody_asked_for_go_to_the_dead_letters_and_are_not_counted(world, differences):
    import_id, rows = await preprocessing(world, 5, complete=True)
    batch = await world.check([*rows[:4], dataclasses.replace(rows[4], **differences)])
    assert batch.rejected == {4: "record.unknown"}
    assert (await world.row(import_id))["checked"] == 4
    assert await world.status(import_id) == "preprocessing"
    await world.check(rows)
    assert await world.status(import_id) == "ready"


@pytest.mark.parametrize("at", ["yesterday", "", "2026-01-01T00:00:00", "9999-12-31T23:59:59-14:00", "1e400"])
async def test_an_outcome_of_no_time_goes_to_the_dead_letters_and_costs_no_other(world, at):
    import_id, approvals = await running(world, 10)
    untimely = [dataclasses.replace(provisioned(approvals[0]), at=at), *map(provisioned, approvals[1:])]
    batch = Batch(untimely, [None] * len(untimely))
    await on_records_provisioned(batch, world.deps)
    assert batch.rejected == {0: "event.bad_time"}
    assert (await world.row(import_id))["provisioned"] == len(approvals) - 1
    await world.provision(approvals)
    assert await world.status(import_id) == "finished"


@pytest.mark.parametrize(
    "differences", [{"row": 1}, {"row": 11}, {"row": 99}, {"row": 2**40}, {"experience_id": str(UUID(int=7))}]
)
async def test_outcomes_that_nobody_asked_for_go_to_the_dead_letters_and_are_not_counted(world, differences):
    """Row 11 has no email: nothing was handed over for it."""
    import_id, approvals = await running(world, 10)
    batch = await world.provision([*approvals[:-1], dataclasses.replace(approvals[-1], **differences)])
    assert batch.rejected == {len(approvals) - 1: "record.unknown"}
    assert await world.status(import_id) == "running"
    await world.provision(approvals)
    assert await world.status(import_id) == "finished"
    assert adds_up(await world.row(import_id))


async def test_an_answer_that_the_database_cannot_take_is_an_error_of_data_and_leaves_nothing(world):
    import_id, rows = await preprocessing(world, 5)
    rows[2].cells[1] = "\ud800"
    with pytest.raises((ValueError, OverflowError, asyncpg.DataError)):
        await world.check(rows)
    assert not (await ledger(world.pool, import_id))[0]
    assert (await world.row(import_id))["checked"] == 0


async def test_an_import_is_ready_exactly_once_however_many_check_its_rows_at_once(world):
    import_id, rows = await preprocessing(world, complete=True)
    parts = [rows[start::6] for start in range(6)]
    await asyncio.gather(*(world.check(part) for part in [*parts, *parts]))
    assert await world.told(import_id) == ["ImportSubmitted", "ImportReady"]
    assert (await world.row(import_id))["checked"] == ROWS_OF_FILE


async def test_an_import_is_finished_exactly_once_however_many_settle_its_records_at_once(world):
    import_id, approvals = await running(world)
    parts = [approvals[start::6] for start in range(6)]
    await asyncio.gather(*(world.provision(part) for part in [*parts, *parts]))
    told = await world.told(import_id)
    assert told == ["ImportSubmitted", "ImportReady", "ImportStarted", "ImportCompleted"]
    assert adds_up(await world.row(import_id))


async def test_the_last_event_tells_all_counts(world):
    _, approvals = await running(world)
    await world.provision(approvals[:-1])
    await world.provision(approvals[-1:], outcome=Outcome.FAILED)
    counts = (await world.last_told()).counts
    assert counts["rows"] == ROWS_OF_FILE
    assert counts["failed"] == 1
    outcomes = ("created", "added", "unchanged", "failed", "skipped", "not_imported")
    assert sum(counts[name] for name in outcomes) == ROWS_OF_FILE


async def test_records_that_lost_a_race_with_cancel_are_not_kept(world):
    """The status changes after the batch looked and before it counts."""
    import_id, rows = await preprocessing(world)
    events = [checked(row) for row in rows]

    async def copy_while_a_person_cancels(connection, kept):
        tally = await RECORDS.copy(connection, kept)
        await world.pool.execute("update imports set status = 'cancelled' where id = $1", import_id)
        return tally

    table = dataclasses.replace(RECORDS, copy=copy_while_a_person_cancels)
    kept = await keep(world.deps, events, table)
    assert (kept.records, kept.ignored) == (0, ROWS_OF_FILE)
    assert not (await ledger(world.pool, import_id))[0]


async def test_a_result_is_kept_with_its_problem_and_account(world):
    import_id, approvals = await running(world)
    await keep(world.deps, [provisioned(approvals[0], account_id=None, outcome=Outcome.FAILED)], OUTCOMES)
    await keep(world.deps, [provisioned(approvals[1], account_id=2**40)], OUTCOMES)
    results = (await ledger(world.pool, import_id))[1]
    assert [(row, outcome, account) for row, outcome, account, *_ in results] == [
        (2, "failed", None),
        (3, "created", 2**40),
    ]


def settled(import_id, row, status, at=AT, kind=EmailKind.WELCOME):
    return EmailSettled(import_id=str(import_id), kind=kind, status=status, at=at, row=row)


async def emails(world):
    return [(row["row"], row["status"]) for row in await world.pool.fetch("select * from record_emails order by row")]


async def test_the_newest_word_about_an_email_counts_in_whatever_order_words_come(world):
    import_id, _ = await preprocessing(world, 5)
    later = AT.replace("10:00", "11:00")
    sent, queued = settled(import_id, 2, EmailStatus.SENT, later), settled(import_id, 2, EmailStatus.QUEUED)
    await world.settle_emails([sent, queued])
    await world.settle_emails([queued])
    await world.settle_emails([settled(import_id, 3, EmailStatus.HELD)])
    assert await emails(world) == [(2, "sent"), (3, "held")]


async def test_the_finish_mail_belongs_to_no_record(world):
    import_id, _ = await preprocessing(world, 5)
    await world.settle_emails([settled(import_id, None, EmailStatus.SENT, kind=EmailKind.FINISH)])
    assert await emails(world) == []


async def test_an_email_of_an_unknown_import_goes_to_the_dead_letters(world):
    batch = await world.settle_emails([settled(UUID(int=0), 2, EmailStatus.SENT)])
    assert batch.rejected == {0: "import.unknown"}


async def test_a_check_of_a_row_that_the_file_turns_out_not_to_have_while_it_is_kept_is_not_kept(world):
    import_id, rows = await preprocessing(world)

    async def copy_as_the_file_ends(connection, stored):
        tally = await RECORDS.copy(connection, stored)
        await world.pool.execute("update imports set read_complete = true where id = $1", import_id)
        return tally

    beyond = dataclasses.replace(checked(rows[0]), row=900_000_000)
    kept = await keep(world.deps, [beyond], dataclasses.replace(RECORDS, copy=copy_as_the_file_ends))
    assert (kept.records, kept.unasked) == (0, [0])
    kept_rows = await world.pool.fetchval("select count(*) from records where import_id = $1", import_id)
    assert (kept_rows, await world.pool.fetchval("select checked from imports where id = $1", import_id)) == (0, 0)
