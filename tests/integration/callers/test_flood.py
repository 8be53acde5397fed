"""Many uploads at once: few are read at a time, nobody takes all turns, and everything else goes on."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from select import select

import pytest
from fastapi import FastAPI

from services.intake.upload.upload_turns import OF_ONE_PERSON, UploadTurns
from tests.integration.callers.sockets import BOUND, connect, upload_head
from tests.integration.callers.world import Intake, open_intake

TURNS = UploadTurns(wait_seconds=1.0)
PATIENCE = 60.0  # of whoever must not be refused


def hurry(app: FastAPI) -> None:
    app.state.upload_turns = TURNS


@pytest.fixture(scope="module")
def flooded(new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    with open_intake(new_database("intake"), tmp_path_factory.mktemp("files"), finish=hurry) as intake:
        yield intake


def test_one_persons_flood_waits_and_is_refused_while_others_upload(
    flooded: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    experience = flooded.people["experience_id"]
    with flooded.mine() as http:
        appoint = f"/api/v1/experiences/{experience}/administrators/somebody.else@northfield-college.org"
        assert http.put(appoint).status_code == 204
    with ExitStack() as opened:
        many = [opened.enter_context(connect(flooded)) for _ in range(OF_ONE_PERSON + 1)]
        for client in many:
            client.sendall(upload_head(flooded, 10_000))
        with flooded.client(flooded.people["other_token"]) as somebody:
            sent = somebody.post(
                f"/api/v1/experiences/{experience}/imports", data={"type": "experience-learners"},
                files={"file": ("a.csv", b"Email\r\n")},
            )  # fmt: skip
            assert sent.status_code == 202
            assert somebody.get("/api/v1/experiences").status_code == 200
        [refused], _, _ = select(many, [], [], BOUND)  # the others have their turns, and are waited for
        answer = b""
        while b"}" not in answer:
            answer += refused.recv(65536)
        assert answer.startswith(b"HTTP/1.1 429 ")
        assert b'"code":"uploads.busy"' in answer
    monkeypatch.setattr(TURNS, "_wait_seconds", PATIENCE)
    assert flooded.upload().status_code == 202  # those who went have left their turns


def test_a_flood_of_small_files_is_taken_one_after_the_other(flooded: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TURNS, "_wait_seconds", PATIENCE)
    with ThreadPoolExecutor(20) as many:
        answers = list(many.map(lambda number: flooded.upload(b"Email\r\n" * 1000, name=f"{number}.csv"), range(40)))
    assert {answer.status_code for answer in answers} == {202}


def test_too_much_around_the_file_is_refused(flooded: Intake) -> None:
    with flooded.mine() as http:
        answer = http.post(
            f"/api/v1/experiences/{flooded.people['experience_id']}/imports", data={"type": "experience-learners"},
            files=[("file", ("a.csv", b"Email\r\n")), ("other", ("b.csv", b"x" * 150_000))],
        )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
