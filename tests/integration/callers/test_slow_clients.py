"""Clients that let us wait: heads and bodies that dribble come to an end, and everybody else is served meanwhile."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from services.intake.api.uploads import is_upload
from shared.http_bodies import LimitBodies
from shared.http_server import BoundedProtocol
from tests.integration.callers.sockets import answer_of, connect, upload_head
from tests.integration.callers.world import Intake, open_intake

SECONDS = 1.0  # instead of half a minute


class Impatient(BoundedProtocol):
    head_seconds = SECONDS


def impatient_with_bodies(app: FastAPI) -> None:
    app.add_middleware(LimitBodies, streams=is_upload, silence_seconds=SECONDS)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def hurried(new_database: Callable[[str], str], files: Path) -> Iterator[Intake]:
    with open_intake(new_database("intake"), files, protocol=Impatient, finish=impatient_with_bodies) as intake:
        yield intake


@pytest.mark.parametrize("sent", [b"", b"GET /livez HTTP/1.1\r\n", b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_head_that_never_ends_is_not_waited_for(hurried: Intake, sent: bytes) -> None:
    with connect(hurried) as client:
        client.sendall(sent)
        assert answer_of(client) == b""


def test_an_upload_that_dribbles_is_refused_leaves_nothing_and_keeps_nobody_waiting(
    hurried: Intake, files: Path
) -> None:
    slow = [connect(hurried) for _ in range(3)]
    for client in slow:
        client.sendall(upload_head(hurried, 10_000))
    assert hurried.upload().status_code == 202
    for client in slow:
        with client:
            answer = answer_of(client)
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert b'"code":"request.too_slow"' in answer
    assert len([path for path in files.rglob("*") if path.is_file()]) == 1


def test_a_body_that_dribbles_into_a_form_is_refused(hurried: Intake) -> None:
    head = "POST /sign-in/link HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\nt"
    with connect(hurried) as client:
        client.sendall(head.encode())
        assert answer_of(client).startswith(b"HTTP/1.1 408 ")


def test_who_goes_on_sending_after_a_refusal_is_left(hurried: Intake) -> None:
    head = "POST /api/v1/experiences HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    with connect(hurried) as client:
        client.sendall(head.encode())
        assert answer_of(client).startswith(b"HTTP/1.1 401 ")


def test_a_head_without_end_is_refused(hurried: Intake) -> None:
    with connect(hurried) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\n")
        try:
            for _ in range(1000):
                client.sendall(b"X-Long: " + b"x" * 10_000 + b"\r\n")
            answer = answer_of(client)
        except ConnectionError:
            return
        assert answer.startswith(b"HTTP/1.1 400 ")
