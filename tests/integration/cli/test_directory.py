"""`rollcall account` and `rollcall membership` on a real database."""

import asyncio
import json

import asyncpg
import pytest
import typer
from typer.testing import CliRunner

from cli import directory
from tests.unit.provisioner.builders import EXPERIENCE

ADA = "ada@example.edu"
ROLLCALL = typer.Typer()
ROLLCALL.add_typer(directory.account, name="account")
ROLLCALL.add_typer(directory.membership, name="membership")
ROLLCALL.add_typer(directory.whole, name="directory")


@pytest.fixture
async def address(database):
    return await database("provisioner")


@pytest.fixture
async def connection(address):
    connection = await asyncpg.connect(address)
    yield connection
    await connection.close()


@pytest.fixture
def rollcall(address, tmp_path):
    """Runs a command beside a stack that is up; gives its exit code and what it wrote."""
    (tmp_path / "stack.json").write_text(json.dumps({"databases": {"provisioner": address}}))

    async def rollcall(*words, home=tmp_path):
        run = CliRunner().invoke
        result = await asyncio.to_thread(run, ROLLCALL, words, env={"ROLLCALL_HOME": str(home), "COLUMNS": "200"})
        return result.exit_code, result.output

    return rollcall


async def counts(connection):
    tables = ("accounts", "memberships", "outbox")
    return [await connection.fetchval(f"select count(*) from {table}") for table in tables]


async def test_the_directory_is_changed_and_each_change_told(rollcall, connection):
    assert await rollcall("account", "add", ADA, "--first-name", "Ada") == (
        0,
        "Done; directory.changes will tell it.\n",
    )
    assert (await rollcall("membership", "add", EXPERIENCE, ADA, "--role", "mentor"))[0] == 0
    assert await counts(connection) == [1, 1, 2]
    assert (await rollcall("membership", "remove", EXPERIENCE, ADA, "--role", "mentor"))[0] == 0
    assert (await rollcall("account", "remove", ADA))[0] == 0
    assert await counts(connection) == [0, 0, 4]


async def test_what_is_so_already_is_said_and_is_no_failure(rollcall):
    assert await rollcall("account", "remove", ADA) == (0, "It was so already; nothing changed.\n")


async def test_a_membership_without_an_account_fails_and_says_what_to_do(rollcall):
    for verb in ("add", "remove"):
        code, output = await rollcall("membership", verb, EXPERIENCE, ADA)
        assert (code, output) == (1, "This person has no account; add one first.\n")


async def test_a_wrong_email_or_experience_is_a_usage_error_in_words(rollcall, connection):
    code, output = await rollcall("account", "add", "ada")
    assert (code, "This is not an email address" in output) == (2, True)
    assert (await rollcall("membership", "add", "the-experience", ADA))[0] == 2
    assert await counts(connection) == [0, 0, 0]


async def test_another_database_may_be_named(rollcall, address, connection, tmp_path):
    nowhere = tmp_path / "nowhere"
    assert (await rollcall("account", "add", ADA, "--database-url", address, home=nowhere))[0] == 0
    assert await counts(connection) == [1, 0, 1]


async def test_without_a_stack_it_says_what_to_do(rollcall, tmp_path):
    code, output = await rollcall("account", "add", ADA, home=tmp_path / "nowhere")
    assert (code, "rollcall up" in output) == (2, True)


async def test_all_that_there_is_is_announced(rollcall, connection):
    await rollcall("account", "add", ADA)
    await rollcall("membership", "add", EXPERIENCE, ADA)
    await connection.execute("delete from outbox")
    code, output = await rollcall("directory", "announce")
    assert code == 0
    assert "2 facts" in output
    assert await connection.fetchval("select count(*) from outbox where topic = 'directory.changes'") == 2
