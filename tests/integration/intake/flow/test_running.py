"""Run: every record that can be imported is handed over once, and the import finishes when all outcomes are known."""

import asyncio

import pytest

from services.intake.start_run import RunRefused, cancel_import, start_run
from services.intake.work.claim_work import work_on
from shared.events import Plan
from shared.topics import APPROVALS, ROWS
from tests.integration.intake.flow.world import adds_up, csv, eventually, ledger

NO_EMAILS = "Email,First Name,Last Name\n,Ann,Lee\n,Bo,Lee\n"


@pytest.mark.usefixtures("worker")
class TestWithAWorker:
    """One process, undisturbed."""

    async def test_exactly_the_records_that_can_be_imported_are_handed_over(self, world):
        import_id = await world.finished(csv(100))
        records = (await ledger(world.pool, import_id))[0]
        importable = [record[0] for record in records if record[2] != "error"]
        assert [approval.row for approval in world.kafka.all(APPROVALS)] == importable
        assert {approval.plan for approval in world.kafka.all(APPROVALS)} == {Plan.CREATE, Plan.ADD, Plan.NOTHING}
        first = world.kafka.all(APPROVALS)[0]
        assert first.values == {"email": "person0@example.edu", "first_name": "Ann", "last_name": "Lee0"}
        assert (first.type, first.email_key) == ("experience-learners", "person0@example.edu")

    async def test_a_finished_import_adds_up_and_says_so(self, world):
        import_id = await world.finished(csv(100))
        row = await world.row(import_id)
        assert adds_up(row)
        assert row["approved"] == row["provisioned"] == 90
        assert row["finished_at"]
        assert await world.told(import_id) == [
            "ImportSubmitted", "ImportReady", "ImportStarted", "ImportCompleted"
        ]  # fmt: skip

    async def test_run_says_who_pressed_it(self, world):
        import_id = await world.finished(csv(3))
        assert (await world.row(import_id))["started_by"] == world.person
        audit = await world.pool.fetchrow("select email_key, import_id from audit_log where action = 'import.run'")
        assert tuple(audit) == (world.person, import_id)

    async def test_an_import_without_a_record_to_import_is_finished_at_once(self, world):
        import_id = await world.ready(NO_EMAILS)
        await start_run(world.deps, import_id, world.person)
        row = await world.row(import_id)
        assert (row["status"], row["error"]) == ("finished", 2)
        assert (await world.told(import_id))[-2:] == ["ImportStarted", "ImportCompleted"]
        assert (await world.last_told()).counts["not_imported"] == 2

    async def test_a_second_run_changes_nothing(self, world):
        import_id = await world.ready(csv(10))
        await start_run(world.deps, import_id, world.person)
        with pytest.raises(RunRefused) as refused:
            await start_run(world.deps, import_id, world.person)
        assert (refused.value.code, refused.value.status) == ("import.already_started", 409)
        assert (await world.told(import_id)).count("ImportStarted") == 1

    async def test_of_many_who_press_run_at_once_one_starts_it(self, world):
        import_id = await world.ready(csv(10))
        presses = (start_run(world.deps, import_id, world.person) for _ in range(6))
        answers = await asyncio.gather(*presses, return_exceptions=True)
        assert sum(answer is None for answer in answers) == 1
        assert sum(isinstance(answer, RunRefused) for answer in answers) == 5

    async def test_results_after_the_end_change_nothing(self, world):
        import_id = await world.finished(csv(10))
        before = await ledger(world.pool, import_id)
        batch = await world.provision(world.kafka.all(APPROVALS), account_id=99)
        assert not batch.rejected
        assert await ledger(world.pool, import_id) == before


@pytest.mark.parametrize("status", ["submitted", "preprocessing", "cancelling", "finished", "rejected", "cancelled"])
async def test_run_is_refused_unless_the_import_is_ready(world, status):
    import_id = await world.submit(csv(3))
    await world.pool.execute("update imports set status = $1", status)
    before = await world.row(import_id)
    with pytest.raises(RunRefused) as refused:
        await start_run(world.deps, import_id, world.person)
    assert refused.value.code.startswith("import.")
    assert await world.row(import_id) == before


async def ready_without_worker(world, count):
    import_id = await world.submit(csv(count))
    held = await world.claim(import_id, owner="reader")

    async def answer():
        while not done.is_set():
            await world.check(world.kafka.new(ROWS))
            await asyncio.sleep(0.01)

    done = asyncio.Event()
    answering = asyncio.create_task(answer())
    await work_on(held)
    await held.release()
    await eventually(lambda: is_status(world, import_id, "ready"))
    done.set()
    await answering
    return import_id


async def is_status(world, import_id, status):
    return await world.status(import_id) == status


async def test_no_more_approvals_are_under_way_than_the_window_allows(world, another_worker):
    import_id = await ready_without_worker(world, 100)
    small = world.replica(reading_window=20)
    async with another_worker(small):
        await start_run(small.deps, import_id, small.person)
        while await small.status(import_id) != "finished":
            settled = (await small.row(import_id))["provisioned"]
            assert len(small.kafka.all(APPROVALS)) <= settled + 20
            await small.provision(small.kafka.all(APPROVALS)[settled : settled + 10])
            await asyncio.sleep(0.01)
    assert len(small.kafka.all(APPROVALS)) == 90


@pytest.mark.parametrize("stop_after", [0, 1, 4])
async def test_after_a_crash_in_the_middle_of_run_nothing_is_lost(world, another_worker, stop_after):
    import_id = await ready_without_worker(world, 100)
    first, second = world.replica(reading_window=10), world.replica(reading_window=10)
    await start_run(first.deps, import_id, first.person)
    first.kafka.stop_after = stop_after
    work = asyncio.create_task(work_on(await first.claim(import_id, owner="first")))
    while not first.kafka.stopped.is_set():
        await first.provision(first.kafka.new(APPROVALS))
        await asyncio.sleep(0.01)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    async with another_worker(second):
        await second.lease_ends(import_id)
        await eventually(lambda: second.answered(import_id, "finished", APPROVALS))
    handed_over = {approval.row for process in (first, second) for approval in process.kafka.all(APPROVALS)}
    assert len(handed_over) == 90
    assert adds_up(await world.row(import_id))


async def test_it_finishes_too_when_the_last_outcome_comes_before_approving_is_noted_as_complete(world):
    import_id = await ready_without_worker(world, 10)
    await start_run(world.deps, import_id, world.person)
    published = world.kafka.publish

    async def answer_at_once(topic, messages):
        await published(topic, messages)
        await world.provision(world.kafka.new(APPROVALS))

    world.kafka.publish = answer_at_once
    await work_on(await world.claim(import_id))
    assert await world.status(import_id) == "finished"
    assert (await world.told(import_id)).count("ImportCompleted") == 1


async def test_cancel_of_a_running_import_skips_what_was_not_handed_over(world):
    import_id = await ready_without_worker(world, 100)
    small = world.replica(reading_window=10)
    await start_run(small.deps, import_id, small.person)
    work = asyncio.create_task(work_on(await small.claim(import_id)))
    await eventually(lambda: len(small.kafka.all(APPROVALS)) == 10)
    await small.provision(small.kafka.new(APPROVALS)[:4])
    await eventually(lambda: handed_over(small, work, import_id))
    await cancel_import(small.deps, import_id, small.person)
    await work
    row = await world.row(import_id)
    assert (row["status"], row["approve_complete"]) == ("cancelling", True)
    under_way = row["provisioned"] - row["skipped"]
    await small.provision(small.kafka.all(APPROVALS))
    row = await world.row(import_id)
    assert row["status"] == "finished"
    assert row["skipped"] == 90 - len({approval.row for approval in small.kafka.all(APPROVALS)})
    assert under_way == 4
    assert adds_up(row)
    assert (await world.told(import_id))[-2:] == ["ImportCancelling", "ImportCompleted"]


async def handed_over(world, work, import_id):
    assert not work.done()
    return (await world.row(import_id))["approving_row"] > 0


async def test_a_record_whose_approval_may_be_out_is_never_called_skipped_by_us(world):
    """The process dies between publishing and its next note; a person cancels; another process takes over."""
    import_id = await ready_without_worker(world, 50)
    first, second = world.replica(reading_window=10), world.replica(reading_window=10)
    await start_run(first.deps, import_id, first.person)
    first.kafka.stop_after = 0
    work = asyncio.create_task(work_on(await first.claim(import_id, owner="first")))
    await first.kafka.stopped.wait()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    await cancel_import(second.deps, import_id, second.person)
    await second.lease_ends(import_id)
    await work_on(await second.claim(import_id, owner="second"))
    doubtful = second.kafka.all(APPROVALS)
    assert len(doubtful) == 10
    row = await world.row(import_id)
    assert (row["skipped"], row["approved"]) == (35, 10)
    await second.provision(doubtful)
    row = await world.row(import_id)
    assert (row["status"], row["skipped"]) == ("finished", 35)
    assert adds_up(row)


async def test_what_the_provisioner_skipped_or_did_counts_as_it_says(world):
    import_id = await ready_without_worker(world, 20)
    await start_run(world.deps, import_id, world.person)
    await work_on(await world.claim(import_id))
    approvals = world.kafka.new(APPROVALS)
    await cancel_import(world.deps, import_id, world.person)
    await world.provision(approvals[:5])
    await world.provision(approvals[5:], outcome="skipped", account_id=None)
    row = await world.row(import_id)
    assert (row["status"], row["skipped"]) == ("finished", 13)
    assert adds_up(row)


async def test_a_real_outcome_replaces_a_skipped_one_while_the_import_is_not_finished(world):
    import_id = await ready_without_worker(world, 20)
    await start_run(world.deps, import_id, world.person)
    await work_on(await world.claim(import_id))
    approvals = world.kafka.new(APPROVALS)
    await world.provision(approvals[:5], outcome="skipped", account_id=None)
    await world.provision(approvals[:6])
    row = await world.row(import_id)
    assert (row["skipped"], row["provisioned"]) == (0, 6)
    await world.provision(approvals[:6], outcome="skipped", account_id=None)
    assert (await world.row(import_id))["skipped"] == 0
    await world.provision(approvals)
    assert adds_up(await world.row(import_id))


@pytest.mark.parametrize("status", ["submitted", "preprocessing", "ready"])
async def test_cancel_before_run_does_nothing_and_says_so(world, status):
    import_id = await world.submit(csv(3))
    await world.pool.execute("update imports set status = $1", status)
    await cancel_import(world.deps, import_id, world.person)
    row = await world.row(import_id)
    assert (row["status"], row["cancelled_by"]) == ("cancelled", world.person)
    assert (await world.told(import_id))[-1] == "ImportCancelled"
    assert await world.claim(import_id) is None
    with pytest.raises(RunRefused):
        await start_run(world.deps, import_id, world.person)


@pytest.mark.parametrize("status", ["cancelling", "finished", "rejected", "cancelled"])
async def test_cancel_is_refused_when_there_is_nothing_to_stop(world, status):
    import_id = await world.submit(csv(3))
    await world.pool.execute("update imports set status = $1", status)
    with pytest.raises(RunRefused):
        await cancel_import(world.deps, import_id, world.person)
    assert await world.told(import_id) == ["ImportSubmitted"]


async def test_cancel_while_rows_are_read_stops_reading(world):
    small = world.replica(reading_window=10)
    import_id = await small.submit(csv(100))
    held = await small.claim(import_id)
    work = asyncio.create_task(work_on(held))
    await eventually(lambda: len(small.kafka.all(ROWS)) == 10)
    await cancel_import(small.deps, import_id, small.person)
    await work
    assert len(small.kafka.all(ROWS)) == 10
    assert await world.status(import_id) == "cancelled"
