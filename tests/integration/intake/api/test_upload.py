"""Uploads: what is taken, what is refused, and that nothing stays of what was refused."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.types import Message

from services.intake.api.http import build_http
from tests.integration.intake.api.world import UPLOAD_MAX_BYTES, Api, is_problem

CONTENT = b"Email\r\nada@northfield-college.org\r\n"


async def _imports(api: Api) -> int:
    return int(await api.deps.pool.fetchval("select count(*) from imports"))


async def test_a_file_is_stored_unchanged_and_answered_with_its_import(api: Api) -> None:
    answer = await api.upload(CONTENT, name="Łódź autumn.csv", data={"emails": "hold"})
    assert answer.status_code == 202
    found = answer.json()
    assert answer.headers["location"] == f"/api/v1/imports/{found['id']}"
    assert found["file"] == {
        "name": "Łódź autumn.csv", "size": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest(), "detected": None,
            "gone_at": None,
    }  # fmt: skip
    assert (found["status"], found["emails"], found["type"]) == ("submitted", "hold", "experience-learners")
    assert (found["experience_id"], found["submitted_by"]) == (api.experience, "admin@northfield-college.org")
    assert found["review_url"] == f"http://rollcall.test/imports/{found['id']}"
    assert (await api.mine.get(f"/imports/{found['id']}")).json() == found
    [stored] = api.stored()
    assert stored.read_bytes() == CONTENT
    assert api.deps.wake.is_set()


async def test_welcome_mails_are_sent_unless_said_otherwise(api: Api) -> None:
    assert (await api.new_import())["emails"] == "send"
    assert (await api.new_import(data={"emails": "none"}))["emails"] == "none"


async def test_an_import_waits_for_a_review_unless_said_otherwise(api: Api) -> None:
    assert (await api.new_import())["run"] == "after-review"
    assert (await api.new_import(data={"run": "when-clean"}))["run"] == "when-clean"


async def test_an_empty_file_is_taken_and_judged_by_the_reader(api: Api) -> None:
    assert (await api.new_import(b""))["file"]["size"] == 0


async def test_a_file_of_exactly_the_limit_is_taken(api: Api) -> None:
    assert (await api.new_import(b"x" * UPLOAD_MAX_BYTES))["file"]["size"] == UPLOAD_MAX_BYTES


@pytest.mark.parametrize("more", [1, 60_000, 1_000_000])
async def test_a_larger_file_is_refused_with_the_limit_and_nothing_stays(api: Api, more: int) -> None:
    found = is_problem(await api.upload(b"x" * (UPLOAD_MAX_BYTES + more)), 413, "file.too_large")
    assert "200 kB" in found["detail"]
    assert found["problems"][0]["code"] == "file.too_large"
    assert api.stored() == []
    assert await _imports(api) == 0


async def test_too_large_is_said_before_the_body_is_read(api: Api) -> None:
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    headers = {"Content-Type": "multipart/form-data; boundary=B", "Content-Length": "999999999"}
    answer = await api.mine.post(f"/experiences/{api.experience}/imports", content=body(), headers=headers)
    is_problem(answer, 413, "file.too_large")


async def test_access_is_decided_before_the_body_is_read(api: Api) -> None:
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    path = f"/experiences/{api.experience}/imports"
    is_problem(await api.others.post(path, content=body(), headers=headers), 404, "not_found")
    is_problem(await api.anonymous.post(path, content=body(), headers=headers), 401, "auth.missing")


async def test_a_body_without_length_is_counted_while_it_streams(api: Api) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(100):
            yield b"x" * 10_000

    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    answer = await api.mine.post(f"/experiences/{api.experience}/imports", content=body(), headers=headers)
    is_problem(answer, 413, "file.too_large")
    assert api.stored() == []


@pytest.mark.parametrize(
    ("request_parts", "status", "code"),
    [
        ({"data": {"type": "experience-teachers"}, "files": {"file": ("a.csv", CONTENT)}}, 422, "import_type.unknown"),
        ({"files": {"file": ("a.csv", CONTENT)}}, 422, "import_type.unknown"),
        ({"data": {"type": "experience-learners", "emails": "later"}, "files": {"file": ("a.csv", CONTENT)}}, 422, "emails.unknown"),
        ({"data": {"type": "experience-learners", "run": "at once"}, "files": {"file": ("a.csv", CONTENT)}}, 422, "run.unknown"),
        ({"data": {"type": "experience-learners"}, "files": {"other": ("a.csv", CONTENT)}}, 422, "file.missing"),
        ({"data": {"type": "experience-learners"}, "files": {"file": ("", CONTENT)}}, 422, "file.missing"),
        ({"data": {"type": "x" * 1000}, "files": {"file": ("a.csv", CONTENT)}}, 422, "request.invalid"),
        ({"data": {"type": "experience-learners"}, "files": [("file", ("a.csv", b"1")), ("file", ("b.csv", b"2"))]}, 422, "request.invalid"),
        ({"json": {"type": "experience-learners"}}, 415, "request.not_multipart"),
        ({"content": b"not multipart", "headers": {"Content-Type": "multipart/form-data; boundary=B"}}, 422, "request.invalid"),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 415, "request.not_multipart"),
        ({}, 415, "request.not_multipart"),
    ],
)  # fmt: skip
async def test_what_is_not_an_upload_is_refused_and_nothing_stays(
    api: Api, request_parts: dict[str, Any], status: int, code: str
) -> None:
    is_problem(await api.mine.post(f"/experiences/{api.experience}/imports", **request_parts), status, code)
    assert api.stored() == []
    assert await _imports(api) == 0


async def test_a_body_that_ends_in_the_middle_is_refused(api: Api) -> None:
    content = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nEmail'
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    answer = await api.mine.post(f"/experiences/{api.experience}/imports", content=content, headers=headers)
    is_problem(answer, 422, "request.invalid")
    assert api.stored() == []


async def test_a_client_that_goes_away_leaves_no_import_and_no_file(api: Api) -> None:
    token = api.mine.headers["authorization"].encode()
    start = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n' + CONTENT
    messages: list[Message] = [{"type": "http.request", "body": start, "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Message] = []
    scope = {
        "type": "http", "method": "POST", "path": f"/api/v1/experiences/{api.experience}/imports", "query_string": b"",
        "headers": [(b"authorization", token), (b"content-type", b"multipart/form-data; boundary=B")],
    }  # fmt: skip

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await build_http(api.deps)(scope, receive, send)
    assert sent[0]["status"] == 499
    assert api.stored() == []
    assert await _imports(api) == 0


async def test_a_known_key_answers_with_the_first_import(api: Api) -> None:
    headers = {"Idempotency-Key": "autumn-1"}
    first = await api.new_import(CONTENT, headers=headers)
    again = await api.upload(b"something else", headers=headers)
    assert (again.status_code, again.json()["id"]) == (202, first["id"])
    assert again.headers["location"].endswith(first["id"])
    assert len(api.stored()) == await _imports(api) == 1


async def test_two_uploads_at_once_with_one_key_are_one_import(api: Api) -> None:
    headers = {"Idempotency-Key": "autumn-2"}
    answers = await asyncio.gather(*(api.upload(CONTENT, headers=headers) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(api.stored()) == await _imports(api) == 1


async def test_a_key_belongs_to_a_person_and_an_experience(api: Api) -> None:
    other = (await api.mine.post("/experiences", json={"name": "Other"})).json()["id"]
    await api.mine.put(f"/experiences/{api.experience}/administrators/somebody.else@northfield-college.org")

    async def upload(client: httpx.AsyncClient, experience: str) -> str:
        answer = await client.post(
            f"/experiences/{experience}/imports", headers={"Idempotency-Key": "same"},
            data={"type": "experience-learners"}, files={"file": ("a.csv", CONTENT)},
        )  # fmt: skip
        return str(answer.json()["id"])

    ids = [
        await upload(api.mine, api.experience),
        await upload(api.mine, other),
        await upload(api.others, api.experience),
    ]
    assert len(set(ids)) == 3


async def test_a_key_that_is_too_long_is_refused(api: Api) -> None:
    is_problem(await api.upload(headers={"Idempotency-Key": "x" * 256}), 422, "request.invalid")


async def test_the_same_file_again_is_taken_and_said(api: Api) -> None:
    first = await api.new_import(CONTENT)
    assert first["same_as"] is None
    assert (await api.new_import(CONTENT, name="copy.csv"))["same_as"] == first["id"]
    assert (await api.new_import(CONTENT + b"x"))["same_as"] is None


async def test_a_file_whose_import_could_not_be_written_goes_again(api: Api) -> None:
    await api.deps.pool.execute("alter table outbox rename to lost")
    is_problem(await api.upload(CONTENT), 500, "internal.error")
    assert api.stored() == []
    assert await _imports(api) == 0
