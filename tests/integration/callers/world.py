"""Intake behind a real port: two people, an experience with imports, and the ledger behind them."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from services.intake.api.http import build_http
from services.intake.deps import Deps
from services.intake.file_store import FileStore
from services.intake.settings import Settings
from services.intake.users.first_steps import prepare_demo
from services.provisioner.http import directory_api
from shared.http_server import BoundedProtocol
from tests.integration.intake.answers import ALL_ANSWERED
from tests.integration.intake.api.ledger import Kept, Ledger
from tests.integration.intake.api.world import NoPublisher
from tests.stack.served import served

DIRECTORY_TOKEN = "long-enough-and-random"
RECORDS = (
    Kept(2, "ada@example.edu", outcome="created", mail="failed"),
    Kept(3, "bo@gmial.com", status="warning", problems=["email.domain_suspicious"], plan="add", outcome="added"),
    Kept(4, "", status="error", plan="none", problems=["email.missing"], cells=["", "=2+3", '<img src=x onerror="1">']),
)


@dataclass
class Intake:
    """Where it answers, who may ask, and what there is to ask for."""

    base_url: str
    dsn: str
    people: dict[str, str]

    def client(self, token: str | None = None, **more: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=60, **more)

    def mine(self) -> httpx.Client:
        return self.client(self.people["token"])

    def upload(self, content: bytes = b"Email\r\na@b.com\r\n", *, name: str = "learners.csv") -> httpx.Response:
        with self.mine() as http:
            return http.post(
                f"/api/v1/experiences/{self.people['experience_id']}/imports",
                data={"type": "experience-learners"}, files={"file": (name, content)},
            )  # fmt: skip

    def new_import(self, *, status: str, name: str = "learners.csv") -> str:
        """An import with a few records, in that status."""
        import_id = str(self.upload(name=name).json()["id"])

        async def fill(pool: asyncpg.Pool) -> None:
            ledger = Ledger(pool)
            await ledger.keep(import_id, *RECORDS)
            await ledger.turn(import_id, status)

        self.run(fill)
        return import_id

    def run(self, work: Callable[[asyncpg.Pool], Awaitable[Any]]) -> Any:
        """Something with the database."""

        async def with_pool() -> Any:
            async with asyncpg.create_pool(self.dsn, min_size=1, max_size=2) as pool:
                return await work(pool)

        return asyncio.run(with_pool())


async def a_webhook(pool: asyncpg.Pool, experience_id: str) -> str:
    """The id of a webhook that nobody calls; makes it anew where it was deleted."""
    await pool.execute(
        "insert into webhooks (id, experience_id, url, events, secret, off_since, off_reason) "
        "values ($1, $2, 'https://hooks.example.org', '{}', 'whsec_', now(), 'person') on conflict do nothing",
        webhook_id := uuid.UUID(int=7), uuid.UUID(experience_id),
    )  # fmt: skip
    return str(webhook_id)


@contextmanager
def open_intake(
    dsn: str, folder: Path, *, protocol: type[BoundedProtocol] = BoundedProtocol,
    finish: Callable[[FastAPI], None] = lambda _: None, **more: Any,
) -> Iterator[Intake]:  # fmt: skip
    people = asyncio.run(prepare_demo(dsn))
    settings = Settings(
        **{"database_url": dsn, "file_store_url": f"file://{folder}", "base_url": "http://rollcall.test",
           "uploads_per_minute": 100_000, "sign_ins_per_minute": 100_000, **more}
    )  # fmt: skip

    async def build(resources: AsyncExitStack) -> FastAPI:
        pool = await resources.enter_async_context(asyncpg.create_pool(dsn, min_size=1, max_size=6))
        store = FileStore(settings.file_store_url)
        app = build_http(Deps(pool=pool, publisher=NoPublisher(), file_store=store, settings=settings, **ALL_ANSWERED))
        finish(app)
        return app

    with served(build, protocol) as base_url:
        yield Intake(base_url, dsn, people)


def described_intake() -> dict[str, Any]:
    """Intake's OpenAPI document."""
    settings = Settings(database_url="postgresql://nobody", file_store_url="memory:///")
    unopened: Any = None
    return build_http(
        Deps(
            pool=unopened,
            publisher=NoPublisher(),
            file_store=FileStore(settings.file_store_url),
            settings=settings,
            **ALL_ANSWERED,
        )
    ).openapi()


def described_directory() -> dict[str, Any]:
    """The directory's OpenAPI document."""
    unopened: Any = None
    return directory_api(unopened, SecretStr(DIRECTORY_TOKEN)).openapi()
