"""The directory API: pages, and every refusal."""

from uuid import UUID

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from services.provisioner import directory
from services.provisioner.http import directory_api
from services.provisioner.provision import provision
from tests.unit.provisioner.builders import EXPERIENCE, IMPORT, OTHER_EXPERIENCE, approvals

TOKEN = "long-enough-and-random"


def client(pool, *, token=TOKEN, sent=TOKEN):
    transport = httpx.ASGITransport(directory_api(pool, SecretStr(token) if token else None))
    headers = {"Authorization": f"Bearer {sent}".encode()} if sent else {}
    return httpx.AsyncClient(transport=transport, base_url="http://provisioner/api/v1", headers=headers)


@pytest.fixture
async def http(pool):
    async with client(pool) as http:
        yield http


@pytest.fixture
async def people(pool):
    """Five learners, one of them a mentor too."""
    await provision(pool, approvals([f"Person{n}@example.edu" for n in range(5)], import_id=IMPORT))
    async with pool.acquire() as connection:
        await directory.add_membership(connection, UUID(EXPERIENCE), "person2@example.edu", role="mentor")


async def all_pages(http, path, limit):
    items, after = [], {}
    while True:
        page = (await http.get(path, params={"limit": limit, **after})).raise_for_status().json()
        items += page["items"]
        if page["next"] is None:
            return items
        after = {"after": page["next"]}


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
async def test_accounts_come_in_pages(http, people, limit):
    found = await all_pages(http, "/accounts", limit)
    assert [account["email"] for account in found] == [f"Person{n}@example.edu" for n in range(5)]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_members_of_an_experience_come_in_pages(http, people, limit):
    found = await all_pages(http, f"/experiences/{EXPERIENCE}/memberships", limit)
    assert [(member["email"][6], member["role"]) for member in found] == [
        ("0", "learner"), ("1", "learner"), ("2", "learner"), ("2", "mentor"), ("3", "learner"), ("4", "learner"),
    ]  # fmt: skip
    assert found[0]["created_by_import"] == IMPORT
    assert found[3]["created_by_import"] is None
    assert await all_pages(http, f"/experiences/{OTHER_EXPERIENCE}/memberships", limit) == []


async def test_an_account_is_found_by_its_owner_in_any_spelling_and_by_its_number(http, people):
    found = (await http.post("/accounts/find", json={"email": " PERSON3@example.edu"})).raise_for_status().json()
    assert (found["email"], found["first_name"], found["created_by_import"]) == ("Person3@example.edu", "Ada", IMPORT)
    again = await http.get(f"/accounts/{found['id']}")
    assert (again.json(), again.headers["cache-control"]) == (found, "no-store")


@pytest.mark.parametrize("path", ["/accounts/999999", "/accounts/0", f"/accounts/{10**30}"])
async def test_an_account_that_is_not_there_is_404(http, path):
    answer = await http.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "account.not_found")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("email", ["nobody@example.edu", "", "\0"])
async def test_a_person_without_account_is_404(http, people, email):
    answer = await http.post("/accounts/find", json={"email": email})
    assert (answer.status_code, answer.json()["code"]) == (404, "account.not_found")


@pytest.mark.parametrize(
    "path",
    [
        "/accounts?limit=0", "/accounts?limit=1001", "/accounts?after=x", f"/accounts?after={2**63}",
        "/experiences/x/memberships", f"/experiences/{EXPERIENCE}/memberships?after=%00",
    ],
)  # fmt: skip
async def test_a_request_that_makes_no_sense_is_422_and_its_values_are_not_repeated(http, path):
    answer = await http.get(path)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    answer = await http.post("/accounts/find", json={"email": ["secret@example.edu"]})
    assert answer.status_code == 422
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing/here", 404, "not_found"),
        ("GET", "/accounts/x", 404, "not_found"),
        ("GET", f"/accounts/{'9' * 5000}", 404, "not_found"),
        ("DELETE", "/accounts", 405, "method.not_allowed"),
        ("GET", "/accounts/find", 405, "method.not_allowed"),
    ],
)
async def test_an_address_or_a_method_that_there_is_not_is_a_problem_too(http, method, path, status, code):
    answer = await http.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_that_is_too_large_is_refused(http):
    answer = await http.post("/accounts/find", json={"email": "x" * 100_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")


async def test_a_database_that_is_away_is_said():
    async with asyncpg.create_pool("postgresql://nobody@127.0.0.1:1/x", min_size=0) as pool, client(pool) as http:
        answer = await http.get("/accounts")
    assert (answer.status_code, answer.json()["code"]) == (503, "service.unavailable")
    assert answer.headers["retry-after"]


@pytest.mark.parametrize("sent", [None, "", "wrong", TOKEN + "x", "é"])
async def test_without_the_token_nothing_is_shown(pool, people, sent):
    async with client(pool, sent=sent) as http:
        answer = await http.get("/accounts")
    assert (answer.status_code, answer.json()["code"]) == (401, "token.invalid")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_api_is_off_until_a_token_is_set(pool, people):
    async with client(pool, token=None) as http:
        answer = await http.get("/accounts")
    assert (answer.status_code, answer.json()["code"]) == (404, "directory.off")
