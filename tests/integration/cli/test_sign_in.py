"""`rollcall sign-in-link` against intake's database."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.client import Refused
from services.intake.users.first_steps import ADMINISTRATOR, prepare_demo
from services.intake.users.sign_in_links import person_of_link
from tests.integration.intake.sign_in.site import token_in

BASE = ("--base-url", "https://rollcall.example.org/")


async def test_it_prints_a_link_for_a_known_person(database: Callable[[str], Awaitable[str]]) -> None:
    dsn = await database("intake")
    await prepare_demo(dsn)
    printed = await _rollcall("sign-in-link", ADMINISTRATOR.upper(), "--to", "/imports/1", *BASE, "--database-url", dsn)
    assert printed.startswith("https://rollcall.example.org/sign-in/link?token=")
    assert printed.strip().endswith("&next=%2Fimports%2F1")
    assert "@" not in printed
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        person = await person_of_link(pool, token_in(printed.strip()))
    assert person
    assert person.email == ADMINISTRATOR


async def test_nobody_is_made_known_by_a_typing_error(database: Callable[[str], Awaitable[str]]) -> None:
    dsn = await database("intake")
    with pytest.raises(Refused) as refused:
        await _rollcall("sign-in-link", "nobody@northfield-college.org", *BASE, "--database-url", dsn)
    assert refused.value.code == "user.unknown"
    assert "rollcall experience appoint" in str(refused.value)


async def _rollcall(*arguments: str) -> str:
    result = await asyncio.to_thread(CliRunner().invoke, app, arguments)  # it has an event loop of its own
    if result.exception:
        raise result.exception
    return result.stdout
