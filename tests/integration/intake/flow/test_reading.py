"""From a stored file to rows on their topic: once, in a window, through crashes, or rejected."""

import asyncio
import dataclasses
import json

import pytest

from services.intake.flow_queries import queries
from services.intake.work.claim_work import work_on
from services.intake.work.held_import import NotOursError
from services.intake.work.read_source import ReadingFailedError
from shared.events import Codec, RowRead
from shared.topics import ROWS
from tests.integration.intake.flow.world import csv, eventually, ledger


async def rows_of(world, count):
    await eventually(lambda: len(world.kafka.all(ROWS)) >= count)
    return world.kafka.all(ROWS)


@pytest.mark.usefixtures("worker")
class TestWithAWorker:
    """One process, undisturbed."""

    async def test_every_row_is_published_as_it_was_read(self, world):
        import_id = await world.submit("Last Name;E-mail\nLee; Ann@Example.edu \n\nBo;\n")
        first, second = await rows_of(world, 2)
        assert (first.row, first.cells, first.email_key) == (2, ["Lee", " Ann@Example.edu "], "ann@example.edu")
        assert (second.row, second.cells, second.email_key) == (4, ["Bo", ""], "")
        assert first.columns == {"last_name": 0, "email": 1}
        assert (first.import_id, first.experience_id) == (str(import_id), str(world.experience))
        assert json.loads((await world.row(import_id))["detected"])["delimiter"] == ";"

    async def test_an_import_is_ready_when_all_rows_are_checked(self, world):
        import_id = await world.ready(csv(25))
        row = await world.row(import_id)
        assert (row["rows"], row["checked"]) == (25, 25)
        assert (row["ready"], row["warning"], row["error"]) == (20, 3, 2)
        assert await world.told(import_id) == ["ImportSubmitted", "ImportReady"]
        assert row["ready_at"]

    async def test_a_file_that_is_not_a_table_is_rejected_with_the_reason(self, world):
        import_id = await world.submit("Name\nLee\n")
        await eventually(lambda: is_status(world, import_id, "rejected"))
        row = await world.row(import_id)
        assert [problem["code"] for problem in json.loads(row["problems"])] == ["header.missing_column"]
        assert json.loads(row["detected"])["first_lines"][0] == "Name"
        assert await world.told(import_id) == ["ImportSubmitted", "ImportRejected"]
        assert [problem.code for problem in (await world.last_told()).problems] == ["header.missing_column"]
        assert not world.kafka.all(ROWS)

    async def test_a_file_without_learners_is_rejected(self, world):
        import_id = await world.submit("Email\n")
        await eventually(lambda: is_status(world, import_id, "rejected"))

    async def test_an_encoding_that_was_guessed_is_a_warning_on_the_import(self, world):
        import_id = await world.submit("Email,First Name\nada@example.edu,Zoë\n".encode("cp1252"))
        await rows_of(world, 1)
        assert "file.encoding_guessed" in (await world.row(import_id))["problems"]


async def is_status(world, import_id, status):
    return await world.status(import_id) == status


async def is_read_upto(world, import_id, row):
    return (await world.row(import_id))["read_row"] == row


async def test_no_more_rows_are_under_way_than_the_window_allows(world, another_worker):
    small = world.replica(reading_window=30)
    async with another_worker(small):
        import_id = await small.submit(csv(100))
        while await small.status(import_id) != "ready":
            checked = (await small.row(import_id))["checked"]
            assert len(small.kafka.all(ROWS)) <= checked + 30
            await small.check(small.kafka.all(ROWS)[checked : checked + 10])
            await asyncio.sleep(0.01)
    assert max(small.kafka.batches[ROWS.name]) <= 30


async def test_a_check_of_a_row_behind_the_end_of_the_file_is_not_counted_for_one_in_it(world):
    """While the file is read nobody knows where it ends."""
    import_id = await world.submit(csv(3))
    await world.pool.execute("update imports set status = 'preprocessing'")
    stray = RowRead(
        import_id=str(import_id), experience_id=str(world.experience), type="experience-learners", row=99,
        email_key="x@example.edu", cells=["x@example.edu", "X", "Y"], columns={"email": 0, "first_name": 1, "last_name": 2},
    )  # fmt: skip
    await world.check([stray])
    await work_on(await world.claim(import_id))
    rows = world.kafka.all(ROWS)
    await world.check(rows[:2])
    assert await world.status(import_id) == "preprocessing"
    await world.check(rows[2:])
    assert await world.status(import_id) == "ready"
    assert [record[0] for record in (await ledger(world.pool, import_id))[0]] == [2, 3, 4]
    assert (await world.row(import_id))["ready"] == 3


async def test_it_is_ready_too_when_the_last_check_comes_before_reading_is_noted_as_complete(world):
    import_id = await world.submit(csv(10))
    held = await world.claim(import_id)
    answered = []

    async def answer_at_once(topic, messages):
        await world.check([Codec(RowRead).decode(message.value) for message in messages])
        answered.append(await world.status(import_id))

    world.kafka.publish = answer_at_once
    await work_on(held)
    assert answered == ["preprocessing"]
    assert await world.status(import_id) == "ready"
    assert await world.told(import_id) == ["ImportSubmitted", "ImportReady"]


async def test_too_many_rows_found_at_the_end_leave_nothing_behind(world):
    small = world.replica(upload_max_rows=50, reading_window=20)
    import_id = await small.submit(csv(60))
    held = await small.claim(import_id)
    work = asyncio.create_task(work_on(held))
    await eventually(lambda: checked_until(small, work))
    row = await world.row(import_id)
    assert (row["status"], row["checked"], row["rows"], row["error"]) == ("rejected", 0, 0, 0)
    assert "file.too_many_rows" in row["problems"]
    late = small.kafka.all(ROWS)
    batch = await small.check(late)
    assert not batch.rejected
    records, _, problems, _ = await ledger(world.pool, import_id)
    assert not records
    assert not problems


async def checked_until(world, work):
    if new := world.kafka.new(ROWS):
        await world.check(new)
    return work.done()


async def test_a_stored_file_that_is_gone_rejects_the_import_after_some_tries(world):
    import_id = await world.submit(csv(4))
    await world.deps.file_store.delete((await world.row(import_id))["file_path"])
    held = await world.claim(import_id)
    for _ in range(world.deps.settings.repair_tries):
        with pytest.raises(ReadingFailedError):
            await work_on(held)
    await work_on(held)
    assert await world.status(import_id) == "rejected"
    assert "file.not_readable" in (await world.row(import_id))["problems"]


async def test_an_import_of_a_type_that_is_no_longer_declared_is_rejected(world):
    import_id = await world.submit(csv(4), type="forgotten")
    held = await world.claim(import_id)
    for _ in range(world.deps.settings.repair_tries):
        with pytest.raises(ReadingFailedError):
            await work_on(held)
    await work_on(held)
    assert await world.status(import_id) == "rejected"


async def test_a_file_store_that_is_away_is_waited_for(world):
    import_id = await world.submit(csv(4))
    held = await world.claim(import_id)
    for _ in range(world.deps.settings.repair_tries + 2):
        with pytest.raises(ConnectionError):
            await work_on(dataclasses.replace(held, deps=dataclasses.replace(world.deps, file_store=AwayStore())))
    await work_on(held)
    assert len(world.kafka.all(ROWS)) == 4


class AwayStore:
    def blocking_chunks(self, path):
        raise ConnectionError(path)


async def test_records_of_a_rejected_import_are_removed_by_another_when_the_first_dies(world):
    import_id = await world.submit(csv(5))
    await world.pool.execute("update imports set status = 'rejected', lease_owner = 'dead', lease_until = now()")
    await world.pool.execute(
        "insert into records (import_id, row, email_key, status, plan, cells, values)"
        " values ($1, 2, '', 'ready', 'create', '[]', '{}')",
        import_id,
    )
    held = await world.claim(import_id)
    await work_on(held)
    await held.release()
    assert not (await ledger(world.pool, import_id))[0]
    assert await world.claim(import_id) is None


async def test_after_a_crash_in_the_middle_another_goes_on_where_notes_stop(world, another_worker):
    first, second = world.replica(reading_window=10), world.replica(reading_window=10)
    first.kafka.stop_after = 3
    import_id = await first.submit(csv(100))
    held = await first.claim(import_id, owner="first")
    work = asyncio.create_task(work_on(held))
    while not first.kafka.stopped.is_set():
        await first.check(first.kafka.new(ROWS))
        await asyncio.sleep(0.01)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert (await world.row(import_id))["read_row"] == 31
    assert await second.claim(import_id, owner="second") is None, "its lease lasts"
    async with another_worker(second):
        await second.lease_ends(import_id)
        await eventually(lambda: second.answered(import_id, "ready", ROWS))
    assert [row.row for row in second.kafka.all(ROWS)] == list(range(32, 102))
    assert (await world.row(import_id))["checked"] == 100


async def test_a_paused_owner_stops_when_another_has_taken_its_import(world):
    window = world.replica(reading_window=10)
    import_id = await window.submit(csv(100))
    held = await window.claim(import_id, owner="first")
    work = asyncio.create_task(work_on(held))
    await eventually(lambda: len(window.kafka.all(ROWS)) == 10)
    await eventually(lambda: is_read_upto(window, import_id, 11))
    await window.lease_ends(import_id)
    assert await window.claim(import_id, owner="second")
    with pytest.raises(NotOursError):
        await work
    assert len(window.kafka.all(ROWS)) == 10


async def test_a_process_that_stood_still_goes_on_with_its_import_once(world, another_worker):
    window = world.replica(reading_window=10)
    import_id = await window.submit(csv(50))
    async with another_worker(window):
        await eventually(lambda: len(window.kafka.all(ROWS)) == 10)
        await window.lease_ends(import_id)
        await eventually(lambda: is_leased(window, import_id))
        await eventually(lambda: window.answered(import_id, "ready", ROWS))
    assert [row.row for row in window.kafka.all(ROWS)] == list(range(2, 52))


async def test_a_note_of_an_owner_that_lost_its_lease_changes_nothing(world):
    import_id = await world.submit(csv(5))
    held = await world.claim(import_id, owner="first")
    await world.lease_ends(import_id)
    await world.claim(import_id, owner="second")
    await world.pool.execute("update imports set status = 'preprocessing'")
    before = await world.row(import_id)
    with pytest.raises(NotOursError):
        await held.note(queries.checkpoint_reading, read_row=5, rows=4)
    with pytest.raises(NotOursError):
        await held.note(queries.complete_reading)
    assert await world.row(import_id) == before


async def test_two_processes_share_the_imports_and_no_row_goes_out_twice(world, another_worker):
    one, two = world.replica(), world.replica()
    ids = [await world.submit(csv(30, start=30 * n)) for n in range(12)]
    async with another_worker(one), another_worker(two):
        for process in (one, two):
            await eventually(lambda: len(one.kafka.all(ROWS)) + len(two.kafka.all(ROWS)) >= 360)
            await process.check(process.kafka.new(ROWS))
        for import_id in ids:
            await eventually(lambda import_id=import_id: is_status(world, import_id, "ready"))
    rows = [(row.import_id, row.row) for process in (one, two) for row in process.kafka.all(ROWS)]
    assert len(rows) == len(set(rows)) == 360


async def test_a_process_that_stops_leaves_its_leases_to_others_at_once(world, another_worker):
    window = world.replica(reading_window=10)
    import_id = await window.submit(csv(100))
    async with another_worker(window):
        await eventually(lambda: len(window.kafka.all(ROWS)) == 10)
    assert await window.claim(import_id, owner="next")


async def is_leased(world, import_id):
    return await world.pool.fetchval("select lease_until > now() from imports where id = $1", import_id)
