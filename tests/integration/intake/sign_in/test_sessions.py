"""Sessions: whom a cookie signs in, for how long, and how it ends."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from services.intake.users.sessions import SignInWay, start_session
from tests.integration.intake.sign_in.site import ADMINISTRATOR, Site, open_site

COOKIE = "rollcall-80"
DatabaseFactory = Callable[[str], Awaitable[str]]


async def test_who_is_not_signed_in_comes_back_after_signing_in(site: Site) -> None:
    sent = await site.browser().get("/account?tab=1&x=a%20b")
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in?next=%2Faccount%3Ftab%3D1%26x%3Da%2520b")


@pytest.mark.parametrize(
    ("pressed_on", "back"),
    [
        ("{base}/imports/1?status=error", "%2Fimports%2F1%3Fstatus%3Derror"),
        ("http://evil.example/imports/1", "%2F"),
        ("{base}", "%2F"),
        ("", "%2F"),
    ],
)
async def test_who_presses_a_button_too_late_comes_back_to_its_page(site: Site, pressed_on: str, back: str) -> None:
    referer = pressed_on.format(base=site.deps.settings.base_url.rstrip("/"))
    sent = await site.browser().submit("/imports/1/run", headers={"Referer": referer})
    assert (sent.status_code, sent.headers["location"]) == (303, f"/sign-in?next={back}")
    assert "A sign-in ends after some hours" in (await site.browser().get("/sign-in?next=/imports/1")).text


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site) -> None:
    signed_in = await site.browser().use(await site.link())
    cookie = signed_in.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=43200" in cookie
    assert "Domain" not in cookie
    assert "Secure" not in cookie  # this one has no TLS


async def test_with_tls_the_cookie_is_bound_to_this_host(database: DatabaseFactory, tmp_path: Path) -> None:
    async with open_site(await database("intake"), tmp_path, base_url="https://rollcall.test") as site:
        browser = site.browser()
        signed_in = await browser.use(await site.link())
        cookie = signed_in.headers["set-cookie"]
        assert cookie.startswith("__Host-rollcall=")
        assert "; Secure" in cookie
        assert "Path=/;" in cookie
        assert signed_in.headers["strict-transport-security"]
        assert await browser.is_signed_in()
        signed_out = await browser.submit("/sign-out", {"csrf": await browser.csrf()})
        assert "; Secure" in signed_out.headers["set-cookie"]  # without it browsers would not take it


async def test_a_session_is_kept_as_a_hash_and_its_cookie_is_signed(site: Site) -> None:
    browser = await site.signed_in()
    cookie = browser.cookies[COOKIE]
    token = cookie.split(".")[0]
    signed, _, signature = cookie.rpartition(".")
    [kept] = await site.deps.pool.fetch("select * from sessions")
    assert token not in str(dict(kept))
    for forged in (token, f"{signed}.{signature[::-1]}", "x" + cookie, "", "."):
        other = site.browser()
        other.cookies.set(COOKIE, forged)
        assert not await other.is_signed_in(), forged


async def test_signing_in_again_gives_a_new_session_and_ends_the_old_one(site: Site) -> None:
    browser = await site.signed_in()
    old = browser.cookies[COOKIE]
    await browser.use(await site.link())
    assert browser.cookies[COOKIE] != old
    thief = site.browser()
    thief.cookies.set(COOKIE, old)
    assert not await thief.is_signed_in()
    assert await browser.is_signed_in()


async def test_a_session_that_was_planted_before_is_not_taken_over(site: Site) -> None:
    planted = (await site.signed_in("somebody.else@northfield-college.org")).cookies[COOKIE]
    victim = site.browser()
    victim.cookies.set(COOKIE, planted, domain="rollcall.test")
    await victim.use(await site.link())
    planter = site.browser()
    planter.cookies.set(COOKIE, planted)
    assert not await planter.is_signed_in()


async def test_sign_out_ends_this_browser_only(site: Site) -> None:
    here, there = await site.signed_in(), await site.signed_in()
    cookie = here.cookies[COOKIE]
    out = await here.submit("/sign-out", {"csrf": await here.csrf()})
    assert (out.status_code, out.headers["location"]) == (303, "/signed-out")
    assert COOKIE not in here.cookies
    here.cookies.set(COOKIE, cookie)  # even whoever has kept it
    assert not await here.is_signed_in()
    assert await there.is_signed_in()
    assert (await site.actions())[-1] == "signed_out"


async def test_sign_out_everywhere_ends_all_browsers_and_unused_links_of_this_person(site: Site) -> None:
    here, there = await site.signed_in(), await site.signed_in()
    somebody = await site.signed_in("somebody.else@northfield-college.org")
    link = await site.link()
    await here.submit("/sign-out-everywhere", {"csrf": await here.csrf()})
    assert not await here.is_signed_in()
    assert not await there.is_signed_in()
    assert (await site.browser().get(link)).status_code == 410
    assert await somebody.is_signed_in()
    assert (await site.actions())[-1] == "signed_out.everywhere"


@pytest.mark.parametrize("button", ["/sign-out", "/sign-out-everywhere"])
async def test_nobody_is_signed_out_from_elsewhere(site: Site, button: str) -> None:
    browser, other = await site.signed_in(), await site.signed_in()
    csrf = await browser.csrf()
    assert (await browser.submit(button)).status_code == 403
    assert (await browser.submit(button, {"csrf": "x"})).status_code == 403
    assert (await browser.submit(button, {"csrf": await other.csrf()})).status_code == 403
    answer = await browser.submit(button, {"csrf": csrf}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert await browser.is_signed_in()


async def test_signing_out_twice_is_no_error(site: Site) -> None:
    assert (await site.browser().submit("/sign-out")).headers["location"] == "/signed-out"


async def test_a_session_ends_by_itself_and_is_forgotten(site: Site) -> None:
    browser = await site.signed_in()
    await site.deps.pool.execute("update sessions set expires_at = now() - interval '1 second'")
    assert not await browser.is_signed_in()
    async with site.deps.pool.acquire() as connection:
        await start_session(connection, ADMINISTRATOR, way=SignInWay.LINK, lifetime=timedelta(hours=1))
    assert await site.deps.pool.fetchval("select count(*) from sessions") == 1


async def test_the_account_page_shows_where_one_is_signed_in(site: Site) -> None:
    here, _ = await site.signed_in(), await site.signed_in()
    page = (await here.get("/account")).text
    assert page.count("This browser") == 1
    assert page.count("Another browser") == 1


async def test_a_set_secret_signs_instead_of_the_databases(database: DatabaseFactory, tmp_path: Path) -> None:
    dsn = await database("intake")
    async with open_site(dsn, tmp_path) as site:
        browser = await site.signed_in()
    async with open_site(dsn, tmp_path, session_secret="s3cret") as site:
        with_old_cookie = site.browser()
        with_old_cookie.cookies.update(browser.cookies)
        assert not await with_old_cookie.is_signed_in()
        assert await (await site.signed_in()).is_signed_in()


async def test_every_answer_says_what_the_browser_may_do(site: Site) -> None:
    browser = await site.signed_in()
    for path in ("/account", "/sign-in", "/signed-out", "/api/v1/experiences", "/nothing/here", "/api/v1/openapi.json"):
        _is_guarded(await browser.get(path))


async def test_even_a_failure_says_what_the_browser_may_do(site: Site) -> None:
    browser = await site.signed_in()
    await site.deps.pool.execute("alter table sessions rename to lost")
    failed = await browser.get("/account")
    assert failed.status_code == 500
    _is_guarded(failed)


def _is_guarded(answer: httpx.Response) -> None:
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "no-store" in answer.headers["cache-control"]
