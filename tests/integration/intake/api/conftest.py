"""The API in this process on a real Postgres and a local folder; nothing reads or runs the imports."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import httpx
import pytest
import pytest_asyncio

from services.intake.api.http import build_http
from services.intake.deps import Deps
from services.intake.file_store import FileStore
from services.intake.settings import Settings
from services.intake.users.first_steps import prepare_demo
from tests.integration.intake.answers import ALL_ANSWERED
from tests.integration.intake.api.ledger import Ledger
from tests.integration.intake.api.world import UPLOAD_MAX_BYTES, UPLOAD_MAX_ROWS, Api, NoPublisher


@pytest_asyncio.fixture
async def api(database: Callable[[str], Awaitable[str]], tmp_path: Path) -> AsyncIterator[Api]:
    dsn = await database("intake")
    people = await prepare_demo(dsn)
    settings = Settings(
        database_url=dsn, file_store_url=f"file://{tmp_path}/files", upload_max_bytes=UPLOAD_MAX_BYTES,
        upload_max_rows=UPLOAD_MAX_ROWS, base_url="http://rollcall.test",
    )  # fmt: skip
    async with asyncpg.create_pool(dsn, min_size=1, max_size=6) as pool:
        deps = Deps(
            pool=pool,
            publisher=NoPublisher(),
            file_store=FileStore(settings.file_store_url),
            settings=settings,
            **ALL_ANSWERED,
        )
        app = build_http(deps)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)

        def client(token: str | None) -> httpx.AsyncClient:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return httpx.AsyncClient(transport=transport, base_url="http://rollcall.test/api/v1", headers=headers)

        async with client(people["token"]) as mine, client(people["other_token"]) as others, client(None) as anonymous:
            yield Api(
                deps=deps, mine=mine, others=others, anonymous=anonymous, experience=people["experience_id"],
                ledger=Ledger(pool), files=tmp_path / "files", watches=app.state.watches,
            )  # fmt: skip


@pytest.fixture
def some_id() -> str:
    return str(uuid.uuid4())
