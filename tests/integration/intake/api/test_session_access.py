"""The API for who is signed in: the same rights as with a token, and no change without the session's CSRF token."""

import re
from datetime import timedelta

import httpx
import pytest

from services.intake.api.http import API
from services.intake.pages.signing import Signing
from services.intake.users.sessions import SignInWay, csrf_of, end_session, start_session
from tests.integration.intake.api.world import Api, is_problem

OTHER = "somebody.else@northfield-college.org"
MINE = "admin@northfield-college.org"
OPEN_TO_EVERYBODY_KNOWN = {"GET /experiences", "GET /import-types", "GET /import-types/{name}/template.csv"}
NO_WEBHOOK = "00000000-0000-4000-8000-000000000007"
STREAM = "GET /imports/{import_id}/events"  # of mine it does not end


class Session:
    """One browser's session at the API."""

    def __init__(self, api: Api, token: str, cookie: str) -> None:
        self.token, self.csrf = token, csrf_of(token)
        self._api, self._cookie = api, cookie

    async def ask(
        self, route: str, *, csrf: str | None = None, known: dict[str, str], **headers: str
    ) -> httpx.Response:
        method, path = route.split(" ")
        names = {"name": "experience-learners", "email": "new.person@northfield-college.org", **known}
        sent = {"Cookie": f"rollcall-80={self._cookie}", **headers} | (
            {"X-CSRF-Token": csrf} if csrf is not None else {}
        )
        body = {"json": {"name": "New"}} if route == "POST /experiences" else {}
        filled = re.sub(r"{(\w+)}", lambda found: names[found[1]], path)
        return await self._api.anonymous.request(
            method, filled, headers={name: value.encode() for name, value in sent.items()}, **body
        )


async def sign_in(api: Api, email: str) -> Session:
    token = await start_session(api.deps.pool, email, way=SignInWay.LINK, lifetime=timedelta(hours=1))
    return Session(api, token, await Signing(api.deps.pool, None).sign(token, purpose="session"))


async def _routes(api: Api) -> list[str]:
    paths = (await api.anonymous.get("/openapi.json")).json()["paths"]
    found = [f"{method.upper()} {path.removeprefix(API)}" for path, methods in paths.items() for method in methods]
    assert len(found) >= 13
    return found


async def test_reading_needs_the_session_only(api: Api) -> None:
    session, known = (
        await sign_in(api, MINE),
        {"experience_id": api.experience, "import_id": (await api.new_import())["id"], "webhook_id": NO_WEBHOOK},
    )
    for route in await _routes(api):
        if route.startswith("GET") and route != STREAM and "{webhook_id}" not in route:  # there is none
            assert (await session.ask(route, known=known)).status_code == 200, route


async def test_every_change_is_refused_without_the_csrf_token(api: Api) -> None:
    import_id = (await api.new_import())["id"]
    session, other = await sign_in(api, MINE), await sign_in(api, OTHER)
    known = {"experience_id": api.experience, "import_id": import_id, "webhook_id": NO_WEBHOOK}
    changes = [route for route in await _routes(api) if not route.startswith("GET")]
    assert len(changes) >= 5
    for route in changes:
        for csrf in (None, "", "made-up", "ü", other.csrf, session.token):
            is_problem(await session.ask(route, known=known, csrf=csrf), 403, "auth.csrf")
        elsewhere = await session.ask(route, known=known, csrf=session.csrf, **{"Sec-Fetch-Site": "cross-site"})
        is_problem(elsewhere, 403, "auth.csrf")
        old_browser = await session.ask(route, known=known, csrf=session.csrf, Origin="https://evil.example")
        is_problem(old_browser, 403, "auth.csrf")
    assert (await api.mine.get(f"/imports/{import_id}")).json()["status"] == "submitted"
    assert len((await api.mine.get("/experiences")).json()["items"]) == 1


async def test_a_change_with_the_csrf_token_is_done_in_the_persons_name(api: Api) -> None:
    import_id = (await api.new_import())["id"]
    await api.ledger.turn(import_id, "ready", ready=1, rows=1, checked=1, plan_create=1)
    session, known = (
        await sign_in(api, MINE),
        {"experience_id": api.experience, "import_id": import_id, "webhook_id": NO_WEBHOOK},
    )
    here = {"Origin": "http://rollcall.test", "Sec-Fetch-Site": "same-origin"}
    ran = await session.ask("POST /imports/{import_id}/run", known=known, csrf=session.csrf, **here)
    assert (ran.status_code, ran.json()["started_by"]) == (202, MINE)
    assert (await session.ask("POST /experiences", known=known, csrf=session.csrf)).status_code == 201


async def test_what_is_not_mine_is_not_there_with_a_session_either(api: Api) -> None:
    session, known = (
        await sign_in(api, OTHER),
        {"experience_id": api.experience, "import_id": (await api.new_import())["id"], "webhook_id": NO_WEBHOOK},
    )
    for route in await _routes(api):
        answer = await session.ask(route, known=known, csrf=session.csrf)
        if route in OPEN_TO_EVERYBODY_KNOWN:
            assert answer.status_code == 200, route
        elif route == "POST /experiences":
            is_problem(answer, 403, "auth.platform_only")
        else:
            is_problem(answer, 404, "not_found")


@pytest.mark.parametrize("authorization", ["Bearer rc_unknown", "Basic YTpi"])
async def test_a_token_that_does_not_work_is_not_made_good_by_a_session(api: Api, authorization: str) -> None:
    session = await sign_in(api, MINE)
    answer = await session.ask("GET /experiences", known={}, Authorization=authorization)
    is_problem(answer, 401, "auth.invalid")


async def test_an_ended_session_opens_nothing(api: Api, some_id: str) -> None:
    session = await sign_in(api, MINE)
    await end_session(api.deps.pool, session.token)
    for route in await _routes(api):
        answer = await session.ask(
            route, known={"experience_id": some_id, "import_id": some_id, "webhook_id": some_id}, csrf=session.csrf
        )
        is_problem(answer, 401, "auth.missing")


async def test_too_many_uploads_are_refused_and_others_may_go_on(api: Api) -> None:
    most = api.deps.settings.uploads_per_minute
    await api.new_import()
    await api.deps.pool.execute("update rate_counts set count = $1 where what = 'upload'", most)
    refused = await api.upload()
    if refused.status_code == 202:  # a new minute has just begun
        await api.deps.pool.execute("update rate_counts set count = $1 where what = 'upload'", most)
        refused = await api.upload()
    is_problem(refused, 429, "rate.limited")
    assert refused.headers["retry-after"] == "60"
    assert (await api.mine.get("/experiences")).status_code == 200
