"""Batches that meet: whoever inserts keeps one order, so that nobody waits in a circle; the first answer counts."""

import asyncio
import dataclasses

from services.intake.consumers import on_records_checked
from services.intake.work.claim_work import work_on
from shared.events import Plan
from shared.kafka.consume import Batch
from shared.topics import ROWS
from tests.integration.intake.flow.world import checked, csv, eventually

COUNT = 20
MIDDLE = 10
_WAITING = "select count(*) = $1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
_LIKE_ANOTHER = """
insert into records
select (jsonb_populate_record(records, jsonb_build_object('row', $2::bigint))).* from records where import_id = $1
"""


async def test_batches_with_the_same_records_in_another_order_do_not_block_each_other(world):
    """Both are held up in their middle, so that each has inserted what it comes to first."""
    import_id = await world.submit(csv(COUNT))
    await work_on(await world.claim(import_id))
    rows = world.kafka.new(ROWS)
    await world.check(rows[:1])  # so that both go the way of those that are delivered again
    async with world.pool.acquire() as somebody:
        inserting = somebody.transaction()
        await inserting.start()
        await somebody.execute(_LIKE_ANOTHER, import_id, MIDDLE)
        batches = [asyncio.create_task(world.check(part)) for part in (rows, rows[::-1])]
        await eventually(lambda: world.pool.fetchval(_WAITING, len(batches)))
        await inserting.rollback()
    await asyncio.gather(*batches)
    row = await world.row(import_id)
    assert (row["status"], row["checked"]) == ("ready", COUNT)


async def test_of_two_answers_about_one_row_the_first_counts_in_one_batch_as_in_two(world):
    import_id = await world.submit(csv(2))
    await work_on(await world.claim(import_id))
    rows = world.kafka.new(ROWS)
    answers = [[dataclasses.replace(checked(row), plan=plan) for plan in (Plan.ADD, Plan.CREATE)] for row in rows]
    await on_records_checked(Batch(answers[0], [None] * 2), world.deps)
    for answer in answers[1]:
        await on_records_checked(Batch([answer], [None]), world.deps)
    row = await world.row(import_id)
    assert (row["plan_add"], row["plan_create"]) == (2, 0)
