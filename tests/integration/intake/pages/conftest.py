from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest_asyncio

from tests.integration.intake.sign_in.site import Site, open_site


@pytest_asyncio.fixture
async def site(database: Callable[[str], Awaitable[str]], tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(await database("intake"), tmp_path) as opened:
        yield opened
