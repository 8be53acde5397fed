"""An import never hangs: what has no answer is asked again, exactly that, and at last gets a problem."""

import asyncio
import dataclasses

import pytest
from aiokafka.errors import KafkaConnectionError

from services.intake.start_run import cancel_import, start_run
from services.intake.work.claim_work import work_on
from shared.problems import problem
from shared.topics import APPROVALS, ROWS
from tests.integration.intake.flow.world import adds_up, codes, csv, eventually, ledger


async def read(world, count=50):
    """An import whose rows are all out and unanswered."""
    import_id = await world.submit(csv(count))
    held = await world.claim(import_id)
    await work_on(held)
    await held.release()
    return import_id, world.kafka.new(ROWS)


async def approved(world, count=50):
    """An import whose approvals are all out and unanswered."""
    import_id, rows = await read(world, count)
    await world.check(rows)
    await start_run(world.deps, import_id, world.person)
    held = await world.claim(import_id)
    await work_on(held)
    await held.release()
    return import_id, world.kafka.new(APPROVALS)


async def repair(world, import_id):
    """Nothing moves for long, and a process notices."""
    await world.nothing_moved_for_long(import_id)
    held = await world.claim(import_id)
    await work_on(held)
    await held.release()


async def test_while_answers_come_nobody_repairs(world):
    import_id, _ = await read(world)
    assert await world.claim(import_id) is None


@pytest.mark.parametrize("stage", [read, approved])
async def test_what_a_service_has_not_got_to_yet_is_not_asked_again_and_never_given_up(world, stage):
    import_id, _ = await stage(world)

    async def nothing_yet():
        return float("-inf")

    world.deps = dataclasses.replace(world.deps, rows_answered=nothing_yet, approvals_answered=nothing_yet)
    for _ in range(world.deps.settings.repair_tries + 2):
        await repair(world, import_id)
    assert world.kafka.new(ROWS) + world.kafka.new(APPROVALS) == []
    assert (await world.row(import_id))["tries"] == 0


async def test_a_broker_that_is_away_costs_no_try(world):
    import_id, _ = await read(world)

    async def nobody_answers():
        raise KafkaConnectionError

    world.deps = dataclasses.replace(world.deps, rows_answered=nobody_answers)
    await repair(world, import_id)
    assert (await world.row(import_id))["tries"] == 0


async def test_lost_rows_are_published_again_exactly_those(world):
    import_id, rows = await read(world)
    await world.check(rows[:20] + rows[30:])
    await repair(world, import_id)
    again = world.kafka.new(ROWS)
    assert again == rows[20:30]
    await world.check(again)
    row = await world.row(import_id)
    assert (row["status"], row["tries"]) == ("ready", 0)


async def test_when_kafka_lost_everything_all_rows_are_published_again(world):
    import_id, rows = await read(world)
    await repair(world, import_id)
    assert world.kafka.new(ROWS) == rows


async def test_an_answer_that_comes_after_its_row_was_asked_again_is_counted_once(world):
    import_id, rows = await read(world)
    await repair(world, import_id)
    await world.check(rows)
    await world.check(world.kafka.new(ROWS))
    row = await world.row(import_id)
    assert (row["status"], row["checked"]) == ("ready", 50)


async def test_a_repair_that_was_made_is_not_made_again_at_once(world):
    import_id, _ = await read(world)
    await repair(world, import_id)
    assert await world.claim(import_id) is None


async def test_rows_that_are_never_answered_become_errors_and_the_import_is_ready(world):
    import_id, rows = await read(world)
    await world.check(rows[:40])
    for _ in range(world.deps.settings.repair_tries):
        await repair(world, import_id)
        assert [row.row for row in world.kafka.new(ROWS)] == list(range(42, 52))
    await repair(world, import_id)
    assert not world.kafka.new(ROWS)
    row = await world.row(import_id)
    assert (row["status"], row["checked"], row["error"]) == ("ready", 50, 4 + 10)
    records, _, problems, _ = await ledger(world.pool, import_id)
    assert {tuple(codes(record[6])) for record in records[40:]} == {("internal.no_answer",)}
    assert records[45][4] == '["person45@example.edu","Ann","Lee45"]'
    assert sum(code == "internal.no_answer" for code, _ in problems) == 10
    assert (await world.told(import_id))[-1] == "ImportReady"


async def test_a_window_full_of_rows_without_answers_is_repaired_and_reading_goes_on(world, another_worker):
    small = world.replica(reading_window=10)
    import_id = await small.submit(csv(30))
    async with another_worker(small):
        await eventually(lambda: len(small.kafka.all(ROWS)) == 10)
        await eventually(lambda: is_read_upto(world, import_id, 11))  # a note under way would undo what comes now
        small.kafka.new(ROWS)
        await small.nothing_moved_for_long(import_id)
        await eventually(lambda: len(small.kafka.all(ROWS)) == 20)
        await eventually(lambda: small.answered(import_id, "ready", ROWS))
    assert (await world.row(import_id))["checked"] == 30


async def test_nobody_ever_answers_and_the_import_ends_all_the_same(world, another_worker):
    small = world.replica(reading_window=10, repair_after_seconds=0.05)
    import_id = await small.submit(csv(30))
    async with another_worker(small):
        await eventually(lambda: is_status(world, import_id, "ready"))
    row = await world.row(import_id)
    assert (row["rows"], row["checked"], row["error"]) == (30, 30, 30)


async def is_status(world, import_id, status):
    return await world.status(import_id) == status


async def is_read_upto(world, import_id, row):
    return (await world.row(import_id))["read_row"] == row


async def test_lost_approvals_are_published_again_exactly_those(world):
    import_id, approvals = await approved(world)
    await world.provision(approvals[:10] + approvals[20:])
    await repair(world, import_id)
    again = world.kafka.new(APPROVALS)
    assert again == approvals[10:20]
    await world.provision(again)
    assert await world.status(import_id) == "finished"


async def test_lost_results_are_asked_for_again_and_counted_once(world):
    import_id, approvals = await approved(world)
    await repair(world, import_id)
    again = world.kafka.new(APPROVALS)
    assert again == approvals
    await world.provision(approvals)
    await world.provision(again)
    row = await world.row(import_id)
    assert row["status"] == "finished"
    assert adds_up(row)


async def test_approvals_that_are_never_answered_fail_and_the_import_finishes(world):
    import_id, approvals = await approved(world)
    await world.provision(approvals[:40])
    for _ in range(world.deps.settings.repair_tries):
        await repair(world, import_id)
        assert world.kafka.new(APPROVALS) == approvals[40:]
    await repair(world, import_id)
    row = await world.row(import_id)
    assert (row["status"], row["failed"]) == ("finished", 5)
    assert adds_up(row)
    results = (await ledger(world.pool, import_id))[1]
    assert "internal.no_answer" in results[-1][3]
    assert (await world.told(import_id))[-1] == "ImportCompleted"


async def test_an_answer_that_comes_after_all_tells_what_was_done(world):
    """Accounts were made and mails sent: a finished import must not go on saying that they failed."""
    import_id, approvals = await approved(world)
    await world.provision(approvals[:40])
    for _ in range(world.deps.settings.repair_tries + 1):
        await repair(world, import_id)
    assert await world.status(import_id) == "finished"
    told = await world.told(import_id)
    for _ in range(2):
        await world.provision(approvals)
        row = await world.row(import_id)
        assert (row["status"], row["failed"]) == ("finished", 0)
        assert adds_up(row)
    assert not any(problem for _, _, _, problem, _ in (await ledger(world.pool, import_id))[1])
    assert await world.told(import_id) == told


@pytest.mark.parametrize(("outcome", "code"), [("failed", "provision.refused"), ("skipped", None)])
async def test_a_late_word_replaces_that_there_was_none_whatever_it_says(world, outcome, code):
    import_id, approvals = await approved(world, 3)
    for _ in range(world.deps.settings.repair_tries + 1):
        await repair(world, import_id)
    found = problem(code, reason="it may not") if code else None
    await world.provision(approvals, outcome=outcome, account_id=None, problem=found)
    row = await world.row(import_id)
    assert (row["status"], row[outcome]) == ("finished", 3)
    assert adds_up(row)
    results = (await ledger(world.pool, import_id))[1]
    assert [codes(f"[{problem}]") if problem else None for *_, problem, _ in results] == [[code] if code else None] * 3


async def test_that_there_was_no_answer_never_replaces_one_that_came_meanwhile(world):
    import_id, approvals = await approved(world, 3)
    await world.provision(approvals, outcome="skipped", account_id=None)
    before = await ledger(world.pool, import_id)
    none = problem("internal.no_answer", tries=3)
    await world.provision(approvals, outcome="failed", account_id=None, problem=none)
    assert await ledger(world.pool, import_id) == before


async def test_a_cancelled_run_whose_answers_are_lost_finishes(world):
    import_id, approvals = await approved(world)
    await cancel_import(world.deps, import_id, world.person)
    await world.provision(approvals[:10])
    await repair(world, import_id)
    await world.provision(world.kafka.new(APPROVALS), outcome="skipped", account_id=None)
    row = await world.row(import_id)
    assert (row["status"], row["skipped"]) == ("finished", 35)
    assert adds_up(row)


async def test_a_process_that_dies_in_the_middle_of_a_repair_is_followed_by_another(world):
    import_id, rows = await read(world)
    await world.nothing_moved_for_long(import_id)
    world.kafka.stop_after = 0
    work = asyncio.create_task(work_on(await world.claim(import_id, owner="first")))
    await world.kafka.stopped.wait()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    world.kafka.stop_after = None
    await world.lease_ends(import_id)
    await repair(world, import_id)
    assert world.kafka.new(ROWS) == rows


@pytest.mark.parametrize("count", [5_000])
async def test_a_repair_of_a_long_file_publishes_in_batches(world, count):
    import_id, rows = await read(world, count)
    lost = {17, 2_500, 4_999}
    await world.check([row for row in rows if row.row not in lost])
    await repair(world, import_id)
    assert {row.row for row in world.kafka.new(ROWS)} == lost
    assert max(world.kafka.batches[ROWS.name]) <= 2_000
