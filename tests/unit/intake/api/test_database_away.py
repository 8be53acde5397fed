"""What the database does to a request that passes by itself is told as such."""

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.intake.api.errors import answer_errors


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.CannotConnectNowError("starting up"),
        asyncpg.AdminShutdownError("a person stops it"),
        asyncpg.CrashShutdownError("another process of it died"),
        asyncpg.TooManyConnectionsError("too many clients"),
        asyncpg.DeadlockDetectedError("deadlock"),
        asyncpg.ConnectionDoesNotExistError("closed in the middle"),
        asyncpg.InvalidCachedStatementError("a column was added"),  # by a newer replica that migrates
        ConnectionRefusedError(),
    ],
)
async def test_it_is_503_and_says_when_to_come_back(error: Exception) -> None:
    app = FastAPI()
    answer_errors(app)

    @app.get("/")
    async def fail() -> None:
        raise error

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.json()["code"]) == (503, "service.unavailable")
    assert answer.headers["retry-after"]
