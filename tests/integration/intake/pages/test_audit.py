"""The audit log as pages: all of it for platform administrators, an experience's for its administrators, page by page."""

import re

import pytest

from services.intake.users.people import appoint, create_experience, note_action
from services.intake.users.sign_in_links import known_user
from tests.integration.intake.pages.test_import_page import CSV, text_of
from tests.integration.intake.sign_in.site import ADMINISTRATOR, Browser, Site, hidden_fields

LOG = "/operations/audit"
SOMEBODY = "somebody.else@northfield-college.org"


def log_of(site: Site) -> str:
    return f"/experiences/{site.people['experience_id']}/settings/audit"


async def upload(site: Site, browser: Browser, name: str) -> str:
    imports = f"/experiences/{site.people['experience_id']}/settings/imports"
    form = {"csrf": await browser.csrf(), "type": "experience-learners"}
    answer = await browser.post(imports, data=form, files={"file": (name, CSV)})
    return str(answer.headers["location"].rpartition("/")[2])


async def test_who_uploaded_what_is_told_with_words_and_led_to(site: Site) -> None:
    browser = await site.signed_in()
    first, second = [await upload(site, browser, name) for name in ("first.csv", "second.csv")]
    page = (await browser.get(log_of(site))).text
    assert f"{ADMINISTRATOR} Uploaded a file second.csv" in text_of(page)
    assert f'href="/imports/{first}"' in page
    only = text_of((await browser.get(f"{log_of(site)}?import={second}")).text)
    assert "Only what was done with the import second.csv." in only
    assert "first.csv" not in only
    whole = (await browser.get(LOG)).text
    assert "second.csv" not in whole  # what files are called is for their experience's administrators
    assert f"import {second}" in text_of(whole)


async def test_an_experience_can_be_asked_for(site: Site) -> None:
    browser = await site.signed_in()
    other = await create_experience(site.deps.pool, "Southfield", by=ADMINISTRATOR)
    await appoint(site.deps.pool, other, email=SOMEBODY, by=ADMINISTRATOR)
    found = text_of((await browser.get(f"{LOG}?experience={other}")).text)
    assert "Only what was done in “Southfield”." in found
    assert f"Appointed an administrator Southfield {SOMEBODY}" in found
    assert "Signed in" not in found


async def test_what_somebody_did_is_asked_for_in_the_body_and_paged_there(site: Site) -> None:
    for number in range(120):
        by = "Ada@Example.org".lower() if number % 2 else "bo@example.org"
        await note_action(site.deps.pool, by, action="records.downloaded", about=f"number {number}.")
    browser = await site.signed_in()
    page = await browser.submit(LOG, {"csrf": await browser.csrf(), "who": " ADA@example.org"})
    assert "Only what ada@example.org did." in text_of(page.text)
    seen = re.findall(r"number (\d+)\.", page.text)
    onward = hidden_fields(page.text.partition('class="pages"')[2])
    assert set(onward) == {"csrf", "who", "after"}
    last = await browser.submit(LOG, onward)
    seen += re.findall(r"number (\d+)\.", last.text)
    assert seen == [str(number) for number in range(119, 0, -2)]
    assert "First page" in last.text
    assert "Next page" not in last.text
    assert (await browser.submit(LOG, {"who": "ada@example.org"})).status_code == 403


async def test_pages_of_everything_follow_each_other_by_address(site: Site) -> None:
    for number in range(60):
        await note_action(
            site.deps.pool, "retention", action="import.cancelled", experience_id=site.people["experience_id"],
            about=f"number {number}.",
        )  # fmt: skip
    browser = await site.signed_in()
    for log in (LOG, log_of(site)):
        first = (await browser.get(log)).text
        assert "Rollcall by itself" in first
        after = hidden_fields(first.partition('class="pages"')[2])["after"]
        second = (await browser.get(f"{log}?after={after}")).text
        assert re.findall(r"number (\d+)\.", first + second) == [str(number) for number in range(59, -1, -1)]


@pytest.mark.parametrize("asked", ["after=x", "after=" + "9" * 5000, "experience=x", "import=%00", "after=\u0663"])
async def test_what_makes_no_sense_is_left_out(site: Site, asked: str) -> None:
    browser = await site.signed_in()
    for log in (LOG, log_of(site)):
        assert (await browser.get(f"{log}?{asked}")).status_code == 200


async def test_the_log_is_for_those_who_may_read_it(site: Site) -> None:
    assert await known_user(site.deps.pool, SOMEBODY)
    somebody = await site.signed_in(SOMEBODY)
    for log in (LOG, log_of(site)):
        assert (await somebody.get(log)).status_code == 404


async def test_another_experiences_import_is_not_told_of(site: Site) -> None:
    browser = await site.signed_in()
    there = await upload(site, browser, "first.csv")
    other = await create_experience(site.deps.pool, "Southfield", by=ADMINISTRATOR)
    page = await browser.get(f"/experiences/{other}/settings/audit?import={there}")
    assert "Nothing was done that fits." in text_of(page.text)
