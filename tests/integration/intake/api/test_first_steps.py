"""What a new local stack starts with."""

from collections.abc import Awaitable, Callable

import asyncpg

from services.intake.users.first_steps import prepare_demo


async def test_preparing_again_changes_nothing(database: Callable[[str], Awaitable[str]]) -> None:
    dsn = await database("intake")
    first = await prepare_demo(dsn)
    assert await prepare_demo(dsn, first) == first
    connection = await asyncpg.connect(dsn)
    counts = [
        await connection.fetchval(f"select count(*) from {table}") for table in ("users", "experiences", "api_tokens")
    ]
    await connection.close()
    assert counts == [2, 1, 2]


async def test_tokens_that_do_not_work_any_more_are_replaced(database: Callable[[str], Awaitable[str]]) -> None:
    dsn = await database("intake")
    first = await prepare_demo(dsn)
    swapped = {"token": first["other_token"], "other_token": "rc_lost"}
    again = await prepare_demo(dsn, swapped)
    assert again["experience_id"] == first["experience_id"]
    assert not {again["token"], again["other_token"]} & {*first.values(), "rc_lost"}
