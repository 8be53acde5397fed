"""Search: the words of records are found some time after an import is ready, each once."""

import asyncio
from contextlib import suppress

import pytest

from services.intake.records.index_words import index_words
from tests.integration.intake.flow.world import csv, eventually


@pytest.mark.usefixtures("worker")
async def test_all_words_of_all_records_are_found_and_nothing_twice(world):
    ids = [await world.ready(csv(1_200)), await world.ready(csv(20, start=5_000))]
    indexing = [asyncio.create_task(index_words(world.deps, lambda: False)) for _ in range(2)]
    await eventually(lambda: all_searchable(world))
    for task in indexing:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    found = await world.pool.fetch("select import_id, row from record_words where word = 'lee1150'")
    assert [tuple(row) for row in found] == [(ids[0], 1152)]
    assert await world.pool.fetchval("select count(*) from record_words where word = 'ann'") > 0
    assert (await world.row(ids[0]))["searchable_row"] == 1201


async def all_searchable(world):
    return await world.pool.fetchval("select bool_and(searchable) from imports")
