"""A person with a browser or a script: calls the API, and calls again as long as the system is away."""

import asyncio
from collections import Counter
from collections.abc import Collection
from typing import Any

import httpx

PATIENCE_SECONDS = 10.0  # for one answer
PAUSE_SECONDS = 0.4

Json = dict[str, Any]


class Person:
    """Somebody with a token. `trouble` counts the calls that had to be made again, by what was seen instead of an answer."""

    def __init__(self, base_url: str, token: str) -> None:
        self.trouble: Counter[str] = Counter()
        self._http = httpx.AsyncClient(
            base_url=f"{base_url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE_SECONDS,
            trust_env=False,
        )  # fmt: skip

    async def close(self) -> None:
        await self._http.aclose()

    async def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """The answer, sooner or later."""
        while (answer := await self._try(method, path, **request)) is None:
            await asyncio.sleep(PAUSE_SECONDS)
        return answer

    async def _try(self, method: str, path: str, **request: Any) -> httpx.Response | None:
        """The answer to one call; None when it must be made again."""
        try:
            answer = await self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            self.trouble[type(error).__name__] += 1
            return None
        if answer.status_code < 500:
            return answer
        self.trouble[str(answer.status_code)] += 1
        return None

    async def get(self, path: str, **params: Any) -> Json:
        return dict((await self.call("GET", path, params=params)).raise_for_status().json())

    async def upload(self, experience: str, content: bytes, *, key: str, **fields: str) -> Json:
        """The import; a second time the same one, because of the key."""
        answer = await self.call(
            "POST", f"/experiences/{experience}/imports", headers={"Idempotency-Key": key},
            data={"type": "experience-learners", **fields}, files={"file": ("learners.csv", content)},
        )  # fmt: skip
        return dict(answer.raise_for_status().json())

    async def press(self, import_id: str, button: str) -> bool:
        """Whether it did something. A 409 after an answer that was lost says so too: it was pressed already."""
        place = f"/imports/{import_id}/{button}"
        if answer := await self._try("POST", place):
            return answer.status_code == 202
        return (await self.call("POST", place)).status_code in (202, 409)

    async def wait(self, import_id: str, states: Collection[str]) -> Json:
        while (found := await self.get(f"/imports/{import_id}"))["status"] not in states:
            await asyncio.sleep(PAUSE_SECONDS)
        return found

    async def pages(self, path: str, *, after: str, limit: int = 1000) -> list[Json]:
        """All items of a list; `after` names the field that leads to the next page."""
        items: list[Json] = []
        params: Json = {"limit": limit}
        while True:
            page = await self.get(path, **params)
            items += page["items"]
            if page[after] is None:
                return items
            params["after"] = page[after]
