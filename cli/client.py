"""The public HTTP API as the command line uses it: where it is, who asks, and refusals as one readable error."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from cli.local.stack_file import Home, find_home, read_json

SERVER = "ROLLCALL_SERVER"
TOKEN = "ROLLCALL_TOKEN"  # noqa: S105 - the variable's name
JsonObject = dict[str, Any]


class Refused(Exception):
    """The API said no. `code` is stable; the message says what to do."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def local_stack() -> JsonObject:
    """What the local stack wrote down, or nothing when there is none."""
    return read_json(Home(find_home()).stack)


class Api:
    """One person's calls to one installation."""

    def __init__(self, server: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=f"{server.rstrip('/')}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=60
        )

    def get(self, path: str, **params: Any) -> JsonObject:
        """One resource."""
        shown = {name: value for name, value in params.items() if value is not None}
        return dict(self._checked(self._http.get(path, params=shown)).json())

    def text(self, path: str) -> str:
        """One document that is not JSON."""
        return self._checked(self._http.get(path)).text

    def post(self, path: str, body: JsonObject | None = None) -> JsonObject:
        """Ask for a change."""
        return dict(self._checked(self._http.post(path, json=body)).json())

    def put(self, path: str) -> None:
        """Ask for a state."""
        self._checked(self._http.put(path))

    def upload(self, experience: str, file: Path, *, fields: dict[str, str], key: str | None = None) -> JsonObject:
        """Upload a source file; the import as it was accepted."""
        headers = {b"Idempotency-Key": key.encode()} if key else {}
        with file.open("rb") as source:
            answer = self._http.post(
                f"/experiences/{experience}/imports", data=fields, files={"file": (file.name, source)}, headers=headers
            )
        return dict(self._checked(answer).json())

    def pages(self, path: str, **params: Any) -> Iterator[JsonObject]:
        """Every item of a paged list."""
        after: Any = None
        while True:
            page = self.get(path, after=after, **params)
            yield from page["items"]
            after = page.get("next_after")
            if after is None:
                return

    @staticmethod
    def _checked(answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        try:
            problem = answer.json()
        except ValueError:
            problem = {}
        message = problem.get("detail") or problem.get("title") or f"the server answered {answer.status_code}"
        raise Refused(answer.status_code, problem.get("code", "http.error"), message)


def connect(server: str | None = None, token: str | None = None) -> Api:
    """The installation that options, the environment or the local stack name, in this order."""
    stack = local_stack()
    where = server or os.environ.get(SERVER) or stack.get("base_url")
    who = token or os.environ.get(TOKEN) or stack.get("token")
    if not where or not who:
        raise Refused(0, "server.unknown", f"No server: start one with `rollcall up`, or set {SERVER} and {TOKEN}.")
    if not where.startswith(("http://", "https://")):
        raise Refused(
            0, "server.address_wrong", f"“{where}” is no address; write it like https://rollcall.example.org."
        )
    if not who.strip().isascii():
        raise Refused(
            0, "auth.invalid", "The token has characters that no token has; copy it anew, or create a new one."
        )
    return Api(where, who.strip())
