"""Intake's webhooks on a real Postgres, allowed to call this machine."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest_asyncio

from tests.integration.intake.sign_in.site import open_site
from tests.integration.intake.webhooks.world import World


@pytest_asyncio.fixture
async def world(database: Callable[[str], Awaitable[str]], tmp_path: Path) -> AsyncIterator[World]:
    async with open_site(await database("intake"), tmp_path, webhooks_allow="127.0.0.0/8") as site:
        yield World(site)
