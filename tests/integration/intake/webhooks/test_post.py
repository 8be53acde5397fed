"""One POST to real servers: bounded whatever they answer, and to no other address than the one that was judged."""

import ssl
from pathlib import Path

import pytest

from services.intake.webhooks.addresses import Allowed, Guard, resolve_host
from services.intake.webhooks.post import Answer, Poster, SendError
from tests.integration.intake.webhooks.certificates import certificate
from tests.integration.intake.webhooks.receiver import (
    Answering,
    dribbled_body,
    endless_body,
    endless_head,
    hang_up,
    no_http,
    receiving,
    silence,
    status,
)

HERE = Guard(Allowed.read("127.0.0.0/8"))
SOON, PATIENT = 3.0, 60.0  # seconds, in place of ten


async def post(url: str, guard: Guard = HERE, tls: ssl.SSLContext | None = None, *, seconds: float = PATIENT) -> Answer:
    return await Poster(guard, total_seconds=seconds, tls=tls).post(url, b"{}", {"webhook-id": "1"})


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (status(200, b"thanks"), Answer(status=200)),
        (status(500), Answer(status=500)),
        (silence, Answer(error=SendError.TIMEOUT)),
        (hang_up, Answer(error=SendError.NOT_HTTP)),
        (no_http, Answer(error=SendError.NOT_HTTP)),
        (endless_body, Answer(status=200)),
        (endless_head, Answer(error=SendError.NOT_HTTP)),
        (dribbled_body, Answer(status=200)),
    ],
)
async def test_whatever_a_server_answers_it_ends_soon(answer: Answering, expected: Answer) -> None:
    seconds = SOON if answer in (silence, dribbled_body) else PATIENT
    async with receiving(answer) as receiver:
        assert await post(receiver.url(), seconds=seconds) == expected


async def test_a_server_that_is_not_there_is_told_apart() -> None:
    async with receiving() as receiver:
        gone = receiver.url()
    assert await post(gone) == Answer(error=SendError.NO_CONNECTION)
    assert await post("http://no-such-host.invalid/") == Answer(error=SendError.NO_PUBLIC_ADDRESS)


async def test_redirects_are_not_followed() -> None:
    async with receiving() as inside, receiving(status(307, headers=f"Location: {inside.url()}\r\n")) as receiver:
        assert await post(receiver.url()) == Answer(status=307)
        assert inside.connections == 0


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as proxy, receiving() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url(""))
        assert await post(receiver.url()) == Answer(status=204)
        assert (proxy.connections, receiver.connections) == (0, 1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "0x7f000001"])
async def test_an_internal_address_gets_no_connection(host: str) -> None:
    async with receiving() as receiver:
        answer = await post(receiver.url(host=host, scheme="https"), Guard(Allowed(), resolve_host))
        assert answer == Answer(error=SendError.NO_PUBLIC_ADDRESS)
        assert receiver.connections == 0


async def test_a_name_that_leads_elsewhere_the_next_moment_is_asked_once_and_the_judged_address_is_called() -> None:
    asked = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    async with receiving() as judged, receiving(host="127.0.0.2", port=judged.port) as inside:
        url = judged.url(host="hooks.example.org")
        assert await post(url, Guard(Allowed.read("127.0.0.1"), rebinding)) == Answer(status=204)
        assert judged.received[0].headers["host"] == f"hooks.example.org:{judged.port}"
        assert (asked, inside.connections) == (["hooks.example.org"], 0)
        assert await post(url, Guard(Allowed.read("127.0.0.1"), rebinding)) == Answer(error=SendError.NO_PUBLIC_ADDRESS)
        assert inside.connections == 0


async def test_of_several_addresses_the_next_is_tried() -> None:
    async def two(host: str, port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    async with receiving() as receiver:
        assert await post(receiver.url(host="two"), Guard(HERE.allowed, two)) == Answer(status=204)


async def test_tls_proves_the_name_though_an_address_is_called(tmp_path: Path) -> None:
    async def here(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    server, client = certificate("hooks.example.org", tmp_path)
    names: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: names.append(name)
    guard = Guard(HERE.allowed, here)
    async with receiving(tls=server) as receiver:
        right, wrong = (
            receiver.url(host=host, scheme="https") for host in ("hooks.example.org", "other.example.org")
        )  # fmt: skip
        assert await post(right, guard, client) == Answer(status=204)
        assert await post(wrong, guard, client) == Answer(error=SendError.NOT_SECURE)
        assert await post(right, guard) == Answer(error=SendError.NOT_SECURE)  # an authority that nobody knows
        assert names == ["hooks.example.org", "other.example.org", "hooks.example.org"]
        assert len(receiver.received) == 1
