"""The pages in this process on a real Postgres, and browsers that visit them."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
from fastapi import FastAPI

from services.intake.api.http import build_http
from services.intake.deps import Deps
from services.intake.file_store import FileStore
from services.intake.settings import Settings
from services.intake.users.first_steps import prepare_demo
from services.intake.users.sign_in_links import create_link, known_user
from tests.integration.intake.answers import ALL_ANSWERED
from tests.integration.intake.api.world import NoPublisher

ADMINISTRATOR = "admin@northfield-college.org"


class Browser(httpx.AsyncClient):
    """Keeps cookies, follows no redirect by itself, says where a form comes from."""

    async def submit(self, path: str, form: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        headers = {"Origin": str(self.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin", **more.pop("headers", {})}
        return await self.post(path, data=form or {}, headers=headers, **more)

    async def use(self, link: str) -> httpx.Response:
        """Open a sign-in link and press its button."""
        page = await self.get(link)
        assert page.status_code == 200, page.text
        return await self.submit("/sign-in/link", hidden_fields(page.text))

    async def csrf(self) -> str:
        return hidden_fields((await self.get("/account")).text)["csrf"]

    async def is_signed_in(self) -> bool:
        return (await self.get("/account")).status_code == 200


@dataclass
class Site:
    deps: Deps
    people: dict[str, str]
    app: FastAPI

    def browser(self) -> Browser:
        return Browser(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False), base_url=self.deps.settings.base_url
        )

    async def link(self, email: str = ADMINISTRATOR, *, minutes: float = 15, to: str = "") -> str:
        user = await known_user(self.deps.pool, email)
        assert user
        base_url = self.deps.settings.base_url
        return await create_link(self.deps.pool, user, base_url=base_url, lifetime=timedelta(minutes=minutes), to=to)

    async def signed_in(self, email: str = ADMINISTRATOR) -> Browser:
        browser = self.browser()
        assert (await browser.use(await self.link(email))).status_code == 303
        return browser

    async def actions(self) -> list[str]:
        return [row["action"] for row in await self.deps.pool.fetch("select action from audit_log order by id")]


@asynccontextmanager
async def open_site(dsn: str, folder: Path, **settings: Any) -> AsyncIterator[Site]:
    people = await prepare_demo(dsn)
    chosen = Settings(
        **{"database_url": dsn, "file_store_url": f"file://{folder}", "base_url": "http://rollcall.test", **settings}
    )
    async with asyncpg.create_pool(dsn, min_size=1, max_size=6) as pool:
        deps = Deps(
            pool=pool,
            publisher=NoPublisher(),
            file_store=FileStore(chosen.file_store_url),
            settings=chosen,
            **ALL_ANSWERED,
        )
        yield Site(deps, people, build_http(deps))


def hidden_fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


def token_in(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]
