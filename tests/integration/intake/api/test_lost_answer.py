"""The database takes an import, and its answer is lost on the way: the import keeps its source file."""

import dataclasses
from collections.abc import Generator
from typing import Any

import asyncpg
import httpx

from services.intake.api.http import build_http
from tests.integration.intake.api.world import Api

CONTENT = b"Email\r\nada@northfield-college.org\r\n"


class CutAfterCommit:
    """A pool whose connections break when their block is left, after the transaction in it. Awaited ones are as ever."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    def acquire(self) -> "Acquiring":
        return Acquiring(self._pool.acquire())


class Acquiring:
    def __init__(self, really: Any) -> None:
        self._really = really

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._really.__await__()

    async def __aenter__(self) -> Any:
        return await self._really.__aenter__()

    async def __aexit__(self, *error: object) -> None:
        await self._really.__aexit__(*error)
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")


async def test_an_import_whose_acceptance_was_not_heard_of_keeps_its_file_and_the_key_finds_it(api: Api) -> None:
    pool: Any = CutAfterCommit(api.deps.pool)
    app = build_http(dataclasses.replace(api.deps, pool=pool))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    key = {"Idempotency-Key": "once"}
    upload: Any = {
        "data": {"type": "experience-learners"},
        "files": {"file": ("learners.csv", CONTENT)},
        "headers": key,
    }
    base_url = "http://rollcall.test/api/v1"
    async with httpx.AsyncClient(transport=transport, base_url=base_url, headers=api.mine.headers) as cut:
        answer = await cut.post(f"/experiences/{api.experience}/imports", **upload)
    assert answer.status_code == 503
    again = await api.mine.post(f"/experiences/{api.experience}/imports", **upload)
    assert again.status_code == 202
    assert [file.read_bytes() for file in api.stored()] == [CONTENT]
    assert api.stored()[0].name == again.json()["id"]
