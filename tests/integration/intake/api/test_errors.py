"""Every error is problem details, whatever caused it; the description says what the API does."""

from pathlib import Path

import asyncpg
import httpx
import pytest

from services.intake.api.http import build_http
from services.intake.deps import Deps
from services.intake.file_store import FileStore
from services.intake.settings import Settings
from tests.integration.intake.answers import ALL_ANSWERED
from tests.integration.intake.api.world import Api, NoPublisher, is_problem


async def test_an_unknown_address_and_a_wrong_method_are_problems(api: Api) -> None:
    is_problem(await api.mine.get("/nothing/here"), 404, "not_found")
    is_problem(await api.mine.delete("/experiences"), 405, "method.not_allowed")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "after=-1",
        "after=x",
        "status=done",
        "plan=skip",
        "import_status=ready",
        "after=99999999999",
    ],
)
async def test_a_query_that_makes_no_sense_is_refused_with_the_fields_name(api: Api, query: str) -> None:
    import_id = (await api.new_import())["id"]
    found = is_problem(await api.mine.get(f"/imports/{import_id}/records?{query}"), 422, "request.invalid")
    assert found["errors"][0]["field"] == query.split("=")[0]


@pytest.mark.parametrize(
    ("content", "content_type", "said"),
    [
        (b'{"name": ', "application/json", "body: this is not JSON; correct it"),
        (b'{"name": "\xff"}', "application/json", "The body is not JSON in UTF-8; correct it."),
        (b"[1]", "application/json", "body: send a JSON object, with the header `Content-Type: application/json`"),
        (b'{"name": "A"}', "text/plain", "body: send a JSON object, with the header `Content-Type: application/json`"),
        (b"{}", "application/json", "name: this is missing; send it"),
    ],
    ids=["cut", "not UTF-8", "no object", "another type", "nothing in it"],
)
async def test_a_body_that_is_not_what_it_should_be_says_what_to_send(
    api: Api, content: bytes, content_type: str, said: str
) -> None:
    answer = await api.mine.post("/experiences", content=content, headers={"content-type": content_type})
    assert is_problem(answer, 422, "request.invalid")["detail"] == said


async def test_a_wrong_method_is_told_the_right_ones(api: Api) -> None:
    refused = await api.mine.delete("/experiences")
    assert refused.headers["allow"] == "GET, POST"
    assert (
        is_problem(refused, 405, "method.not_allowed")["detail"] == "This address takes GET, POST; send one of these."
    )


async def test_another_way_to_sign_in_is_told_the_right_one(api: Api) -> None:
    refused = await api.anonymous.get("/experiences", headers={"Authorization": "Basic YTpi"})
    assert "Bearer <token>" in is_problem(refused, 401, "auth.invalid")["detail"]
    assert "Send" in refused.json()["detail"]


@pytest.mark.parametrize("name", ["", "  ", "Auto\0mation", "Two\nlines", "x" * 201])
async def test_an_experience_without_a_proper_name_is_refused(api: Api, name: str) -> None:
    is_problem(await api.mine.post("/experiences", json={"name": name}), 422, "request.invalid")


async def test_a_body_that_is_too_large_is_refused(api: Api) -> None:
    answer = await api.mine.post("/experiences", json={"name": "x" * 100_000})
    is_problem(answer, 413, "request.too_large")


async def test_a_button_says_why_not_and_which_status(api: Api) -> None:
    import_id = (await api.new_import())["id"]
    refused = is_problem(await api.mine.post(f"/imports/{import_id}/run"), 409, "import.not_ready")
    assert refused["import_status"] == "submitted"
    assert "submitted" in refused["detail"]
    for status in ("finished", "rejected", "cancelled"):
        await api.ledger.turn(import_id, status)
        for button in ("run", "cancel"):
            answer = await api.mine.post(f"/imports/{import_id}/{button}")
            assert answer.status_code == 409
            assert answer.json()["import_status"] == status


async def test_run_and_cancel_answer_202_with_the_import(api: Api) -> None:
    first, second = (await api.new_import())["id"], (await api.new_import())["id"]
    await api.ledger.turn(first, "ready", ready=1, rows=1, checked=1, plan_create=1)
    ran = await api.mine.post(f"/imports/{first}/run")
    assert ran.status_code == 202
    assert ran.json()["started_by"] == "admin@northfield-college.org"
    cancelled = await api.mine.post(f"/imports/{second}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "cancelled")


async def test_a_failure_of_ours_says_nothing_of_its_inside(api: Api) -> None:
    await api.deps.pool.execute("alter table experiences rename to lost")
    body = is_problem(await api.mine.get("/experiences"), 500, "internal.error")
    assert "lost" not in str(body)
    assert "experiences" not in str(body)


async def test_a_database_that_is_away_is_503_and_says_when_to_come_back(tmp_path: Path) -> None:
    settings = Settings(database_url="postgresql://nobody@127.0.0.1:1/x", file_store_url=f"file://{tmp_path}")
    pool = asyncpg.create_pool("postgresql://nobody@127.0.0.1:1/x", min_size=0)
    async with pool:
        deps = Deps(
            pool=pool,
            publisher=NoPublisher(),
            file_store=FileStore(settings.file_store_url),
            settings=settings,
            **ALL_ANSWERED,
        )
        transport = httpx.ASGITransport(build_http(deps), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://x/api/v1") as client:
            answer = await client.get("/experiences", headers={"Authorization": "Bearer rc_x"})
    is_problem(answer, 503, "service.unavailable")
    assert answer.headers["retry-after"]


async def test_the_description_has_examples_and_names_every_error(api: Api) -> None:
    description = (await api.anonymous.get("/openapi.json")).json()
    assert description["components"]["schemas"]["Import"]["examples"]
    upload = description["paths"]["/api/v1/experiences/{experience_id}/imports"]["post"]
    assert set(upload["requestBody"]["content"]) == {"multipart/form-data"}
    assert {"202", "401", "404", "413", "422"} <= set(upload["responses"])


async def test_the_docs_page_links_to_the_description_and_to_nobody_else(api: Api) -> None:
    page = (await api.anonymous.get("/docs")).text
    assert "/api/v1/openapi.json" in page
    assert "://" not in page
