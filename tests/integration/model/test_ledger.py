"""Intake's ledger beside a simple model, in stories that Hypothesis makes up."""

from functools import partial

import asyncpg
import pytest
from hypothesis.stateful import run_state_machine_as_test

from services.intake.file_store import FileStore
from services.intake.settings import Settings
from services.intake.users.people import create_experience
from tests.integration.intake.flow.world import World
from tests.integration.model.ledger import MOST_ROWS, REPAIR_TRIES
from tests.integration.model.ledger_machine import LedgerMachine
from tests.integration.model.stories import STORIES


@pytest.fixture
def world(runner, new_database, tmp_path):
    address = new_database("intake")
    settings = Settings(
        database_url=address, file_store_url=(tmp_path / "files").as_uri(), upload_max_rows=MOST_ROWS,
        reading_window=3, repair_tries=REPAIR_TRIES, repair_after_seconds=600,
    )  # fmt: skip

    async def begin():
        pool = await asyncpg.create_pool(address, min_size=1, max_size=2)
        world = await World(pool, FileStore(settings.file_store_url), settings).begin()
        world.other_experience = await create_experience(pool, "Physics", world.person)
        return world

    world = runner.run(begin())
    yield world
    world.pool.terminate()


def test_the_ledger_says_what_the_model_says(runner, world):
    run_state_machine_as_test(partial(LedgerMachine, runner, world), settings=STORIES)
