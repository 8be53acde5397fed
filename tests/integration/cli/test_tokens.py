"""`rollcall token` against intake's database."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.client import Refused
from services.intake.users.tokens import bearer_of

Database = Callable[[str], Awaitable[str]]
ADA = "ada@northfield-college.org"


async def test_a_token_works_until_it_is_revoked(database: Database) -> None:
    dsn = await database("intake")
    token = (await rollcall("create", ADA, dsn=dsn)).strip()
    listed = await rollcall("list", "Ada@Northfield-College.org", dsn=dsn)
    assert "in use" in listed
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        assert await bearer_of(pool, token)
        await rollcall("revoke", listed.split()[0], dsn=dsn)
        assert await bearer_of(pool, token) is None
    assert "revoked" in await rollcall("list", ADA, dsn=dsn)


async def test_nobody_without_an_address_becomes_a_person(database: Database) -> None:
    dsn = await database("intake")
    with pytest.raises(Refused) as refused:
        await rollcall("create", "ada", "--platform-administrator", dsn=dsn)
    assert refused.value.code == "email.invalid"
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        assert await pool.fetchval("select count(*) from users") == 0


async def test_of_somebody_without_tokens_it_says_so(database: Database) -> None:
    assert "No tokens" in await rollcall("list", ADA, dsn=await database("intake"))


async def rollcall(*arguments: str, dsn: str) -> str:
    command = ["token", *arguments, "--database-url", dsn]
    result = await asyncio.to_thread(CliRunner().invoke, app, command)  # it has an event loop of its own
    if result.exception:
        raise result.exception
    return result.stdout
