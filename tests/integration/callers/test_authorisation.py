"""Every route of the running apps, asked by everybody who must not be served: all refused the same way."""

import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr

from services.intake.pages.sessions import cookie_name
from services.intake.pages.signing import Signing
from services.intake.users.people import create_experience, ensure_user
from services.intake.users.sessions import SignInWay, csrf_of, end_session, start_session
from services.intake.users.tokens import create_token, list_tokens, revoke_token
from services.provisioner.http import directory_api
from shared.health import Health, add_routes
from tests.integration.callers.routes import DIRECTORY, INTAKE, Guard, routes_of, under
from tests.integration.callers.world import DIRECTORY_TOKEN, a_webhook
from tests.integration.intake.sign_in.site import ADMINISTRATOR, Site, open_site

SOMEBODY, NEIGHBOUR = "somebody.else@northfield-college.org", "neighbour@southfield-college.org"
NOBODY = (
    "anonymous",
    "unknown token",
    "revoked token",
    "directory token",
    "expired session",
    "ended session",
    "forged session",
)
NOT_MINE = ("somebody's token", "neighbour's token", "somebody's session", "neighbour's session")
API = (Guard.API_KNOWN, Guard.API_PLATFORM, Guard.API_MINE)
PAGES = (Guard.PAGE_KNOWN, Guard.PAGE_MINE, Guard.PAGE_PLATFORM)
JSON = {"headers": {"Content-Type": "application/json"}}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


@dataclass
class Crowd:
    """Headers of everybody who may come along, and what the administrator has."""

    site: Site
    callers: dict[str, dict[str, str]]
    known: dict[str, str]

    async def ask(
        self, route: str, caller: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        method, path = route.split(" ")
        async with self.site.browser() as http:
            sent = {**self.callers[caller], **(headers or {})}
            return await http.request(method, filled(path, self.known), headers=sent, **more)


class NoBroker:
    consumers: tuple[()] = ()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crowd(databases: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Crowd]:
    dsn = await databases.new("intake")
    async with open_site(dsn, tmp_path_factory.mktemp("files")) as site:
        broker: Any = NoBroker()
        add_routes(site.app, Health(broker, {}))
        yield Crowd(site, await everybody(site), await possessions(site))
    await databases.drop(dsn)


async def everybody(site: Site) -> dict[str, dict[str, str]]:
    pool = site.deps.pool
    await ensure_user(pool, NEIGHBOUR)
    await create_experience(pool, "Southfield", by=NEIGHBOUR)
    revoked = await create_token(pool, ADMINISTRATOR, name="lost laptop")
    await revoke_token(pool, (await list_tokens(pool, ADMINISTRATOR))[0].id)
    ended = await session(site, ADMINISTRATOR)
    await end_session(pool, ended["token"])
    tokens = {
        "unknown token": "rc_unknown", "revoked token": revoked, "directory token": DIRECTORY_TOKEN,
        "administrator's token": site.people["token"], "somebody's token": site.people["other_token"],
        "neighbour's token": await create_token(pool, NEIGHBOUR, name="laptop"),
    }  # fmt: skip
    sessions = {
        "expired session": await session(site, ADMINISTRATOR, hours=-1), "ended session": ended,
        "forged session": {"token": "made-up", "cookie": "made-up.aaaa.bbbb"},
        "somebody's session": await session(site, SOMEBODY), "neighbour's session": await session(site, NEIGHBOUR),
        "administrator's session": await session(site, ADMINISTRATOR),
    }  # fmt: skip
    cookie = cookie_name(site.deps.settings.base_url)
    return {
        "anonymous": {},
        **{who: {"Authorization": f"Bearer {token}"} for who, token in tokens.items()},
        **{
            who: {"Cookie": f"{cookie}={one['cookie']}", "X-CSRF-Token": csrf_of(one["token"])}
            for who, one in sessions.items()
        },
    }


async def session(site: Site, email: str, *, hours: float = 1) -> dict[str, str]:
    token = await start_session(site.deps.pool, email, way=SignInWay.LINK, lifetime=timedelta(hours=hours))
    return {"token": token, "cookie": await Signing(site.deps.pool, None).sign(token, purpose="session")}


async def possessions(site: Site) -> dict[str, str]:
    browser = await site.signed_in()
    experience = site.people["experience_id"]
    made = await browser.post(
        f"/experiences/{experience}/settings/imports", files={"file": ("learners.csv", b"Email\r\na@b.com\r\n")},
        data={"csrf": await browser.csrf(), "type": "experience-learners"},
    )  # fmt: skip
    import_id = made.headers["location"].rpartition("/")[2]
    await site.deps.pool.execute("update imports set status = 'cancelled' where id = $1", uuid.UUID(import_id))
    return {
        "experience_id": experience,
        "import_id": import_id,
        "webhook_id": await a_webhook(site.deps.pool, experience),
    }


def filled(path: str, known: dict[str, str]) -> str:
    names = {
        "name": "experience-learners",
        "email": "new@northfield-college.org",
        "account_id": "1",
        "_version": "x",
        "topic": "imports.rows",
        "offset": "0",
        **known,
    }
    return re.sub(r"{(\w+)}", lambda found: names[found[1]], path)


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_route_of_intake_is_declared_public_or_guarded(crowd: Crowd) -> None:
    assert set(routes_of(crowd.site.app.routes)) == set(INTAKE)


@pytest.mark.parametrize("route", under(INTAKE, *API))
async def test_the_api_refuses_who_is_nobody_in_one_way(crowd: Crowd, route: str) -> None:
    for caller in NOBODY:
        for body in (b"", b"{", b"x" * 100_000):  # nobody's body is looked at
            answer = await crowd.ask(route, caller, content=body, **JSON)
            assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json"), caller
            assert answer.json()["code"] in ("auth.missing", "auth.invalid")
            assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("route", under(INTAKE, *API))
async def test_the_api_shows_nothing_to_who_is_no_administrator(crowd: Crowd, route: str) -> None:
    expected = {Guard.API_KNOWN: 200, Guard.API_PLATFORM: 403, Guard.API_MINE: 404}[INTAKE[route]]
    body = {"json": {"name": "New"}} if route.startswith("POST") else {}
    for caller in NOT_MINE:
        answer = await crowd.ask(route, caller, **body)
        assert answer.status_code == expected, caller
        assert crowd.known["experience_id"] not in answer.text
    nothing = {name: str(uuid.uuid4()) for name in crowd.known}
    if expected == 404:  # not mine and not there are one answer
        unknown = await Crowd(crowd.site, crowd.callers, nothing).ask(route, NOT_MINE[0], **body)
        assert unknown.content == (await crowd.ask(route, NOT_MINE[0], **body)).content


@pytest.mark.parametrize("route", under(INTAKE, *PAGES))
async def test_pages_send_who_is_nobody_to_sign_in(crowd: Crowd, route: str) -> None:
    for caller in NOBODY:
        answer = await crowd.ask(route, caller)
        assert answer.status_code == 303, caller
        assert answer.headers["location"].startswith("/sign-in?next="), caller


@pytest.mark.parametrize("route", under(INTAKE, Guard.PAGE_MINE, Guard.PAGE_PLATFORM))
async def test_pages_show_nothing_to_who_is_no_administrator(crowd: Crowd, route: str) -> None:
    for caller in ("somebody's session", "neighbour's session"):
        answer = await crowd.ask(route, caller)
        assert answer.status_code == 404, caller
        assert "Northfield College: Autumn" not in answer.text


@pytest.mark.parametrize(
    "route", under(INTAKE, Guard.API_MINE, Guard.API_PLATFORM, Guard.PAGE_MINE, Guard.PAGE_PLATFORM)
)
async def test_the_administrator_is_not_refused(crowd: Crowd, route: str) -> None:
    await a_webhook(crowd.site.deps.pool, crowd.known["experience_id"])  # other routes delete it
    caller = "administrator's session" if INTAKE[route] in PAGES else "administrator's token"
    answer = await crowd.ask(route, caller)
    assert answer.status_code not in (401, 403, 404)
    assert "/sign-in" not in answer.headers.get("location", "")


@pytest.mark.parametrize("path", sorted({route.split(" ")[1] for route in INTAKE if not route.startswith("HEAD")}))
async def test_a_method_that_there_is_not_is_the_same_for_everybody(crowd: Crowd, path: str) -> None:
    for method in METHODS:
        if f"{method} {path}" not in INTAKE:
            answers = [
                await crowd.ask(f"{method} {path}", caller) for caller in ("anonymous", "administrator's session")
            ]
            assert {answer.status_code for answer in answers} == {405}, method


async def test_what_is_open_shows_nothing_of_an_experience(crowd: Crowd) -> None:
    for route in under(INTAKE, Guard.OPEN):
        answer = await crowd.ask(route, "anonymous")
        assert answer.status_code < 500 or route == "GET /readyz", route
        for secret in (*crowd.known.values(), "Northfield College: Autumn", ADMINISTRATOR):
            assert secret not in answer.text or route == "GET /api/v1/openapi.json", route


def directory(token: SecretStr | None) -> FastAPI:
    never_asked: Any = None  # who is refused costs no query
    return directory_api(never_asked, token)


async def test_every_route_of_the_directory_is_declared_public_or_guarded() -> None:
    assert set(routes_of(directory(None).routes)) == set(DIRECTORY)


@pytest.mark.parametrize("route", under(DIRECTORY, Guard.DIRECTORY))
async def test_the_directory_refuses_whoever_has_not_its_token(crowd: Crowd, route: str) -> None:
    method, path = route.split(" ")
    for token, status, code in ((SecretStr(DIRECTORY_TOKEN), 401, "token.invalid"), (None, 404, "directory.off")):
        transport = httpx.ASGITransport(directory(token), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://directory") as http:
            for caller in {*crowd.callers} - {"directory token"}:
                headers = {**crowd.callers[caller], "Content-Type": "application/json"}
                answer = await http.request(method, filled(path, crowd.known), headers=headers, content=b"{")
                assert (answer.status_code, answer.json()["code"]) == (status, code), caller
