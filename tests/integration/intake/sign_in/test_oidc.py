"""Signing in with an OpenID Connect provider: a real one, in a process of its own."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio

from cli.local.ports import free_port
from tests.integration.intake.sign_in.site import ADMINISTRATOR, Browser, Site, open_site

PEOPLE = [
    {"sub": "1", "email": ADMINISTRATOR.upper(), "email_verified": True},
    {"sub": "2", "email": ADMINISTRATOR, "email_verified": False},
    {"sub": "3", "email": "stranger@northfield-college.org", "email_verified": True},
    {"sub": "4"},
    {"sub": "5", "email": f"{ADMINISTRATOR}\x00", "email_verified": True},
    {"sub": "6", "email": ADMINISTRATOR},
]


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A running provider's issuer."""
    port = free_port()
    users = [argument for person in PEOPLE for argument in ("--user-claims", json.dumps(person))]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), *users]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        issuer = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{issuer}/.well-known/openid-configuration", process)
            yield issuer
        finally:
            process.terminate()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(900):
        assert process.poll() is None, "the provider ended"
        try:
            httpx.get(url, trust_env=False).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError("the provider does not answer")


@pytest_asyncio.fixture
async def site(database: Callable[[str], Awaitable[str]], tmp_path: Path, provider: str) -> AsyncIterator[Site]:
    settings = {"oidc_issuer": provider, "oidc_client_id": "rollcall", "oidc_client_secret": "s3cret"}
    async with open_site(await database("intake"), tmp_path, **settings) as opened:
        yield opened


async def _leave(browser: Browser, next_address: str = "/imports/1") -> str:
    """Begin; where the browser is sent."""
    page = await browser.get("/sign-in", params={"next": next_address})
    assert "/sign-in/oidc?next=" in page.text
    sent = await browser.get("/sign-in/oidc", params={"next": next_address})
    assert sent.status_code == 302, sent.text
    return sent.headers["location"]


async def _at_provider(address: str, sub: str) -> str:
    """Sign in there; the way back that the provider gives."""
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        assert (await http.get(address)).status_code == 200
        answer = await http.post(address, data={"action": "deny"} if sub == "deny" else {"sub": sub})
    back = urlsplit(answer.headers["location"])
    assert back.path == "/sign-in/oidc/back"
    return f"{back.path}?{back.query}"


async def _through(browser: Browser, sub: str) -> httpx.Response:
    return await browser.get(await _at_provider(await _leave(browser), sub))


async def test_who_the_provider_vouches_for_is_signed_in_and_comes_out_where_they_wanted(site: Site) -> None:
    browser = site.browser()
    came_back = await _through(browser, "1")
    assert (came_back.status_code, came_back.headers["location"]) == (303, "/imports/1")
    assert await browser.is_signed_in()
    assert not [name for name in browser.cookies if "-" in name.removeprefix("rollcall-")]  # nothing of the way is left
    assert (await site.actions())[-1] == "signed_in.oidc"


async def test_the_provider_is_asked_with_pkce_state_and_nonce_and_for_the_address_only(site: Site) -> None:
    asked = parse_qs(urlsplit(await _leave(site.browser())).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["state"][0]
    assert asked["nonce"][0]
    assert asked["scope"] == ["openid email"]
    assert asked["redirect_uri"] == ["http://rollcall.test/sign-in/oidc/back"]


@pytest.mark.parametrize(
    ("sub", "sentence"),
    [
        ("2", "has not verified your email"),
        ("3", "nobody has made you an administrator"),
        ("4", "did not tell us your email"),
        ("5", "did not tell us your email"),
        ("6", "has not verified your email"),
        ("deny", "was not completed"),
    ],
)
async def test_everybody_else_is_refused_and_told_why(site: Site, sub: str, sentence: str) -> None:
    browser = site.browser()
    refused = await _through(browser, sub)
    assert refused.status_code == 403
    assert sentence in refused.text
    assert not await browser.is_signed_in()
    assert await site.deps.pool.fetchval("select count(*) from users") == 2  # nobody was made known by trying


async def test_an_unverified_address_counts_where_the_settings_say_so(
    database: Callable[[str], Awaitable[str]], tmp_path: Path, provider: str
) -> None:
    settings = {
        "oidc_issuer": provider,
        "oidc_client_id": "rollcall",
        "oidc_client_secret": "s3cret",
        "oidc_trust_unverified_email": True,
    }
    async with open_site(await database("intake"), tmp_path, **settings) as site:
        assert (await _through(site.browser(), "6")).status_code == 303


async def test_the_way_back_is_of_no_use_to_another_browser_nor_twice(site: Site) -> None:
    browser, another = site.browser(), site.browser()
    back = await _at_provider(await _leave(browser), "1")
    assert (await another.get(back)).status_code == 403
    cookies = dict(browser.cookies)
    assert (await browser.get(back)).status_code == 303
    again = site.browser()
    again.cookies.update(cookies)
    assert (await again.get(back)).status_code == 403  # the provider takes a code once


async def test_what_was_begun_elsewhere_does_not_sign_in_here(site: Site) -> None:
    victim, attacker = site.browser(), site.browser()
    await _leave(victim)
    back = await _at_provider(await _leave(attacker), "1")
    assert (await victim.get(back)).status_code == 403


async def test_two_tabs_do_not_disturb_each_other(site: Site) -> None:
    browser = site.browser()
    first, second = await _leave(browser, "/imports/1"), await _leave(browser, "/imports/2")
    assert (await browser.get(await _at_provider(first, "1"))).headers["location"] == "/imports/1"
    assert (await browser.get(await _at_provider(second, "1"))).headers["location"] == "/imports/2"


@pytest.mark.parametrize("query", ["", "?state=x", "?code=x", "?code=x&state=y", "?error=server_error&state=../.."])
async def test_a_way_back_that_was_made_up_is_refused(site: Site, query: str) -> None:
    assert (await site.browser().get(f"/sign-in/oidc/back{query}")).status_code == 403


async def test_the_provider_leads_nobody_to_another_site(site: Site) -> None:
    browser = site.browser()
    back = await _at_provider(await _leave(browser, "//evil.example"), "1")
    assert (await browser.get(back)).headers["location"] == "/"


async def test_a_provider_that_is_away_is_said_and_found_again(
    database: Callable[[str], Awaitable[str]], tmp_path: Path
) -> None:
    settings = {"oidc_issuer": f"http://127.0.0.1:{free_port()}", "oidc_client_id": "rollcall"}
    async with open_site(await database("intake"), tmp_path, **settings) as site:
        answer = await site.browser().get("/sign-in/oidc")
        assert answer.status_code == 503
        assert "does not answer" in answer.text
        assert (await site.browser().use(await site.link())).status_code == 303  # links go on


@pytest.mark.parametrize("description", [b'{"issuer": "https://evil.example"}', b"<html>", b"[]", b"{}"])
async def test_a_description_that_is_not_this_providers_is_not_believed(
    database: Callable[[str], Awaitable[str]], tmp_path: Path, description: bytes
) -> None:
    with _described_as(description) as issuer:
        settings = {"oidc_issuer": issuer, "oidc_client_id": "rollcall"}
        async with open_site(await database("intake"), tmp_path, **settings) as site:
            for _ in range(2):  # nor is it remembered
                assert (await site.browser().get("/sign-in/oidc")).status_code == 503


@contextmanager
def _described_as(description: bytes) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(description)))
            self.end_headers()
            self.wfile.write(description)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


async def test_without_a_provider_there_is_no_such_way(
    database: Callable[[str], Awaitable[str]], tmp_path: Path
) -> None:
    async with open_site(await database("intake"), tmp_path) as site:
        assert (await site.browser().get("/sign-in/oidc")).status_code == 404
        assert "/sign-in/oidc" not in (await site.browser().get("/sign-in")).text
