"""A platform administrator looks at what nobody could read and puts it back; without scripts, too."""

import re

import pytest
from playwright.sync_api import expect

from tests.system.outside import Outside
from tests.system.pages.conftest import NewPage
from tests.system.pages.dead_letters import RUBBISH, TOPIC, make_dead_letter


@pytest.mark.parametrize("scripts", [True, False])
def test_a_dead_letter_is_found_looked_at_and_put_back(new_page: NewPage, outside: Outside, scripts: bool) -> None:
    offset = make_dead_letter(outside.stack["kafka"])
    page = new_page(java_script_enabled=scripts)
    page.goto("/")
    page.get_by_role("link", name="Operations").click()
    lags = page.get_by_role("table", name="How far each service is behind")
    expect(lags.get_by_role("row", name=re.compile(rf"intake {TOPIC} .* 1 consumer works on it"))).to_be_visible()
    page.get_by_role("row", name=f"{TOPIC} event.not_json").get_by_role("link", name="event.not_json").click()
    page.get_by_role("link", name=f"Letter {offset}", exact=True).click()
    expect(page.locator("main")).not_to_contain_text("lovelace")
    page.get_by_role("button", name="Show as it came").click()
    expect(page.get_by_text(RUBBISH.decode())).to_be_visible()
    assert page.url.endswith(f"/{TOPIC}/{offset}")
    page.get_by_role("link", name=TOPIC).click()
    page.get_by_label("Reason").fill("event.not_json")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Put these back").click()
    page.get_by_role("button", name="Put back").click()
    expect(page.get_by_role("heading", name="Dead letters put back")).to_be_visible()
    page.get_by_role("link", name="Back to dead letters").click()
    expect(page.get_by_role("row", name=f"Letter {offset} ")).to_contain_text("Put back")


def test_who_is_no_platform_administrator_is_not_led_there(new_page: NewPage, outside: Outside) -> None:
    page = new_page(outside.stack["other_user"])
    page.goto("/")
    expect(page.get_by_role("link", name="Operations")).to_have_count(0)
    page.goto("/operations")
    expect(page.get_by_role("heading", name="There is nothing here for you")).to_be_visible()
