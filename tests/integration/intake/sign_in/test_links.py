"""Sign-in links: one person, once, soon, and only by a person's hand."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from services.intake.users.sessions import hash_of
from tests.integration.intake.sign_in.site import Site, open_site, token_in


async def test_a_link_signs_in_whom_it_names_and_leads_where_it_should(site: Site) -> None:
    browser = site.browser()
    came_out = await browser.use(await site.link(to="/imports/1?status=error"))
    assert (came_out.status_code, came_out.headers["location"]) == (303, "/imports/1?status=error")
    account = await browser.get("/account")
    assert "admin@northfield-college.org" in account.text
    assert await site.actions() == ["experience.created", "sign_in_link.created", "signed_in.link"]


async def test_looking_at_a_link_does_not_use_it_up(site: Site) -> None:
    link = await site.link()
    for _ in range(3):  # mail scanners, previews
        seen = await site.browser().get(link)
        assert "set-cookie" not in seen.headers
    assert (await site.browser().use(link)).status_code == 303


async def test_a_link_works_once(site: Site) -> None:
    link = await site.link()
    await site.browser().use(link)
    second = site.browser()
    assert (await second.get(link)).status_code == 410
    assert (await second.submit("/sign-in/link", {"token": token_in(link)})).status_code == 410
    assert not await second.is_signed_in()


async def test_of_many_at_once_one_gets_in(site: Site) -> None:
    token = token_in(await site.link())
    answers = await asyncio.gather(
        *(site.browser().submit("/sign-in/link", {"token": token}) for _ in range(8))
    )  # fmt: skip
    assert sorted(answer.status_code for answer in answers) == [303, *[410] * 7]


@pytest.mark.parametrize("token", ["", "made-up", "x" * 5000, "ümlaut", "\x00"])
async def test_a_made_up_link_is_refused(site: Site, token: str) -> None:
    assert (await site.browser().get("/sign-in/link", params={"token": token})).status_code == 410
    assert (await site.browser().submit("/sign-in/link", {"token": token})).status_code == 410


async def test_an_old_link_is_refused(site: Site) -> None:
    link = await site.link(minutes=-1)
    assert (await site.browser().get(link)).status_code == 410
    assert (await site.browser().submit("/sign-in/link", {"token": token_in(link)})).status_code == 410


async def test_links_are_kept_as_hashes(site: Site) -> None:
    token = token_in(await site.link())
    [kept] = await site.deps.pool.fetch("select * from sign_in_links")
    assert kept["hash"] == hash_of(token)
    assert token not in str(dict(kept))


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_another_site_cannot_press_the_button(site: Site, headers: dict[str, str]) -> None:
    token = token_in(await site.link())
    assert (await site.browser().submit("/sign-in/link", {"token": token}, headers=headers)).status_code == 403
    old_browser = await site.browser().post(
        "/sign-in/link", data={"token": token}, headers={"Origin": "https://evil.example"}
    )  # fmt: skip
    assert old_browser.status_code == 403
    assert (await site.browser().submit("/sign-in/link", {"token": token})).status_code == 303


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
async def test_nobody_is_led_to_another_site(site: Site, to: str) -> None:
    browser = site.browser()
    assert (await browser.use(await site.link(to=to))).headers["location"] == "/"
    assert (await browser.get("/sign-in", params={"next": to})).headers["location"] == "/"


async def test_too_many_tries_are_refused_and_others_go_on(
    database: Callable[[str], Awaitable[str]], tmp_path: Path
) -> None:
    async with open_site(await database("intake"), tmp_path, sign_ins_per_minute=3) as site:
        answers = [await site.browser().submit("/sign-in/link", {"token": "x"}) for _ in range(12)]
        assert 429 in [answer.status_code for answer in answers]
        refused = answers[-1]
        if refused.status_code != 429:  # a new minute has just begun
            refused = [await site.browser().submit("/sign-in/link", {"token": "x"}) for _ in range(4)][-1]
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
        [kept] = {bytes(row["who"]) for row in await site.deps.pool.fetch("select who from rate_counts")}
        assert len(kept) == 32  # no address
        assert (await site.browser().get("/sign-in")).status_code == 200
