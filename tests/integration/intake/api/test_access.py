"""Who sees what: every route, asked by nobody, by somebody else and by the administrator."""

import re
import uuid

import httpx
import pytest

from services.intake.api.http import API
from services.intake.users.people import make_platform_administrator
from services.intake.users.tokens import bearer_of, create_token, list_tokens, revoke_token
from tests.integration.intake.api.world import Api, is_problem

OPEN_TO_EVERYBODY_KNOWN = {"GET /experiences", "GET /import-types", "GET /import-types/{name}/template.csv"}
PLATFORM_ONLY = {"POST /experiences"}
BODIES = {"POST /experiences": {"json": {"name": "New"}}}


async def _routes(api: Api) -> list[str]:
    paths = (await api.anonymous.get("/openapi.json")).json()["paths"]
    return [f"{method.upper()} {path.removeprefix(API)}" for path, methods in paths.items() for method in methods]


async def _ask(client: httpx.AsyncClient, route: str, **known: str) -> httpx.Response:
    method, path = route.split(" ")
    known = {"name": "experience-learners", "email": "new.person@northfield-college.org", **known}
    filled = re.sub(r"{(\w+)}", lambda found: known[found[1]], path)
    return await client.request(method, filled, **BODIES.get(route, {}))


async def test_every_route_is_closed_without_a_token(api: Api, some_id: str) -> None:
    routes = await _routes(api)
    assert len(routes) >= 13
    for route in routes:
        answer = await _ask(api.anonymous, route, experience_id=some_id, import_id=some_id, webhook_id=some_id)
        is_problem(answer, 401, "auth.missing")
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Bearer rc_unknown", "Bearer ", "Basic YTpi", "rc_token", "Bearer ümlaut"])
async def test_a_token_that_does_not_work_is_refused(api: Api, header: str) -> None:
    answer = await api.anonymous.get("/experiences", headers={"Authorization": header.encode()})
    assert answer.status_code == 401
    assert answer.json()["code"] in ("auth.invalid", "auth.missing")


async def test_what_is_not_mine_is_not_there(api: Api) -> None:
    import_id = (await api.new_import())["id"]
    for route in await _routes(api):
        answer = await _ask(api.others, route, experience_id=api.experience, import_id=import_id, webhook_id=import_id)
        if route in OPEN_TO_EVERYBODY_KNOWN:
            assert answer.status_code == 200, route
        elif route in PLATFORM_ONLY:
            is_problem(answer, 403, "auth.platform_only")
        else:
            is_problem(answer, 404, "not_found")


async def test_unknown_and_not_mine_get_the_same_answer(api: Api, some_id: str) -> None:
    import_id = (await api.new_import())["id"]
    for path in ("/imports/{}", "/imports/{}/records", "/imports/{}/records.csv", "/imports/{}/events"):
        not_mine, unknown = [await api.others.get(path.format(each)) for each in (import_id, some_id)]
        assert not_mine.content == unknown.content


async def test_an_id_that_cannot_be_one_is_not_found(api: Api) -> None:
    is_problem(await api.mine.get("/imports/42"), 404, "not_found")
    is_problem(await api.mine.get("/experiences/x/imports"), 404, "not_found")


async def test_a_platform_administrator_sees_only_experiences_they_administer(api: Api) -> None:
    await make_platform_administrator(api.deps.pool, "somebody.else@northfield-college.org")
    assert (await api.others.get("/experiences")).json()["items"] == []
    is_problem(await api.others.get(f"/experiences/{api.experience}/imports"), 404, "not_found")


async def test_a_revoked_token_stops_at_once(api: Api) -> None:
    token = await create_token(api.deps.pool, "third@northfield-college.org", name="laptop")
    headers = {"Authorization": f"Bearer {token}"}
    assert (await api.anonymous.get("/experiences", headers=headers)).status_code == 200
    [kept] = await list_tokens(api.deps.pool, "third@northfield-college.org")
    assert await revoke_token(api.deps.pool, kept.id)
    assert not await revoke_token(api.deps.pool, kept.id)
    is_problem(await api.anonymous.get("/experiences", headers=headers), 401, "auth.invalid")
    assert (await list_tokens(api.deps.pool, "third@northfield-college.org"))[0].revoked_at


async def test_tokens_are_kept_as_hashes(api: Api) -> None:
    token = await create_token(api.deps.pool, "Third@Northfield-College.org", name="laptop")
    stored = await api.deps.pool.fetch("select * from api_tokens")
    assert all(token.encode() not in bytes(row["hash"]) and token not in row["name"] for row in stored)
    bearer = await bearer_of(api.deps.pool, token)
    assert bearer
    assert bearer.email_key == "third@northfield-college.org"


async def test_an_experience_is_created_by_a_platform_administrator_who_administers_it(api: Api) -> None:
    created = await api.mine.post("/experiences", json={"name": "  Spring Projects "})
    assert created.status_code == 201
    assert created.json()["name"] == "Spring Projects"
    assert created.json() in (await api.mine.get("/experiences")).json()["items"]


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "   "}, {"name": "x" * 201}, {"name": 4}, []])
async def test_an_experience_needs_a_name(api: Api, body: object) -> None:
    found = is_problem(await api.mine.post("/experiences", json=body), 422, "request.invalid")
    assert found["errors"]


async def test_an_appointed_person_may_do_everything_there(api: Api) -> None:
    path = f"/experiences/{api.experience}/administrators/Somebody.Else@Northfield-College.org"
    for _ in range(2):
        assert (await api.mine.put(path)).status_code == 204
    assert [mine["id"] for mine in (await api.others.get("/experiences")).json()["items"]] == [api.experience]
    import_id = (await api.new_import())["id"]
    assert (await api.others.get(f"/imports/{import_id}")).status_code == 200
    is_problem(await api.others.put(path), 403, "auth.platform_only")


async def test_appointing_needs_an_experience_and_an_email(api: Api, some_id: str) -> None:
    is_problem(await api.mine.put(f"/experiences/{some_id}/administrators/a@b.com"), 404, "not_found")
    is_problem(await api.mine.put(f"/experiences/{api.experience}/administrators/nobody"), 422, "email.invalid")


async def test_who_did_what_is_written_down(api: Api) -> None:
    import_id = (await api.new_import())["id"]
    await api.mine.get(f"/imports/{import_id}/records.csv")
    rows = await api.deps.pool.fetch(
        "select action, email_key from audit_log where import_id = $1 order by id", uuid.UUID(import_id)
    )
    assert [row["action"] for row in rows] == ["import.submitted", "records.downloaded"]
    assert {row["email_key"] for row in rows} == {"admin@northfield-college.org"}
