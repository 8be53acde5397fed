"""What the API's tests stand in: clients of three people, the ledger behind, the folder of files."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from services.intake.deps import Deps
from services.intake.watch_imports import ImportWatches
from shared.kafka.publish import Publisher
from tests.integration.intake.api.ledger import Ledger

UPLOAD_MAX_BYTES = 200_000
UPLOAD_MAX_ROWS = 1_000


class NoPublisher(Publisher):
    """The API publishes nothing itself: events leave through the outbox."""

    def __init__(self) -> None:
        pass


@dataclass
class Api:
    """Intake's API and what stands behind it."""

    deps: Deps
    mine: httpx.AsyncClient  # a platform administrator's, first administrator of the experience
    others: httpx.AsyncClient  # of a person who administers nothing
    anonymous: httpx.AsyncClient
    experience: str
    ledger: Ledger
    files: Path
    watches: ImportWatches

    async def upload(
        self, content: bytes = b"Email\r\na@b.com\r\n", *, name: str = "learners.csv", **more: Any
    ) -> httpx.Response:
        data = {"type": "experience-learners", **more.pop("data", {})}
        return await self.mine.post(
            f"/experiences/{self.experience}/imports", data=data, files={"file": (name, content)}, **more
        )

    async def new_import(self, content: bytes = b"Email\r\na@b.com\r\n", **more: Any) -> dict[str, Any]:
        answer = await self.upload(content, **more)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    async def is_shown(self, import_id: str, *, watchers: int = 1, **columns: Any) -> None:
        """Wait until so many watch the import and the newest they see of it has these columns."""
        async with asyncio.timeout(60):
            while not self._shows(UUID(import_id), watchers, columns):
                await asyncio.sleep(0.01)

    def _shows(self, import_id: UUID, watchers: int, columns: dict[str, Any]) -> bool:
        watch = self.watches._watches.get(import_id)
        if watch is None or watch.newest is None or watch.watchers < watchers:
            return False
        return columns.items() <= dict(watch.newest).items()

    def stored(self) -> list[Path]:
        return [path for path in self.files.rglob("*") if path.is_file()]


def is_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Checks that the answer is problem details with this status and code."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = dict(answer.json())
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["title"]
    assert body["detail"]
    assert re.fullmatch(r"urn:rollcall:problem:[a-z_.]+", body["type"])
    return body
