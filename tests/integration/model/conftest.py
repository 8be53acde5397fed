"""State machines on a real database: the loop that all steps of one test share."""

import asyncio
from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.integration.model.ledger_machine", "tests.integration.model.ledger_story")


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """Runs the steps of a machine, which Hypothesis calls as plain functions."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def new_database(databases, runner):
    """`new_database("intake")`: as the fixture `database`, for tests that are plain functions."""
    made = []

    def new(service: str) -> str:
        made.append(runner.run(databases.new(service)))
        return made[-1]

    yield new
    for address in made:
        runner.run(databases.drop(address))
