"""A platform administrator looks at what nobody could read and puts it back; without scripts, too."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.system.outside import Outside, until
from tests.system.pages.conftest import NewPage
from tests.system.pages.dead_letters import RUBBISH, TOPIC, make_dead_letter


@pytest.mark.parametrize("scripts", [True, False])
def test_a_dead_letter_is_found_looked_at_and_put_back(new_page: NewPage, outside: Outside, scripts: bool) -> None:
    offset = make_dead_letter(outside.stack["kafka"])
    page = new_page(java_script_enabled=scripts)
    page.goto("/")
    follow(page.get_by_role("link", name="Operations"))
    lags = page.get_by_role("table", name="How far each service is behind")
    answered(lags.get_by_role("row", name=re.compile(rf"intake {TOPIC} .* 1 consumer works on it")))
    follow(page.get_by_role("row", name=f"{TOPIC} event.not_json").get_by_role("link", name="event.not_json"))
    follow(page.get_by_role("link", name=f"Letter {offset}", exact=True))
    show = answered(page.get_by_role("button", name="Show as it came"))
    expect(page.locator("main")).not_to_contain_text("lovelace")
    follow(show)
    answered(page.get_by_text(RUBBISH.decode()))
    assert page.url.endswith(f"/{TOPIC}/{offset}")
    follow(page.get_by_role("link", name=TOPIC))
    page.get_by_label("Reason").fill("event.not_json")
    follow(page.get_by_role("button", name="Show"))
    follow(page.get_by_role("link", name="Put these back"))
    follow(page.get_by_role("button", name="Put back"))
    answered(page.get_by_role("heading", name="Dead letters put back"))
    follow(page.get_by_role("link", name="Back to dead letters"))
    expect(answered(page.get_by_role("row", name=f"Letter {offset} "))).to_contain_text("Put back")


def answered(what: Locator) -> Locator:
    """What the broker says, when it does: a page for which it was too slow says so, and stays so until it is asked for
    again."""
    until(lambda: what.count() or not what.page.reload(), seconds=90, what=str(what))
    return what


def follow(link: Locator) -> None:
    """To where it leads, as soon as it is there."""
    with answered(link).page.expect_navigation():
        link.click()


def test_who_is_no_platform_administrator_is_not_led_there(new_page: NewPage, outside: Outside) -> None:
    page = new_page(outside.stack["other_user"])
    page.goto("/")
    expect(page.get_by_role("link", name="Operations")).to_have_count(0)
    page.goto("/operations")
    expect(page.get_by_role("heading", name="There is nothing here for you")).to_be_visible()
