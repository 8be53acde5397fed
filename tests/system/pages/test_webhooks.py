"""An administrator adds a webhook, sees whether it works, and takes it away."""

import re

from playwright.sync_api import Locator, expect

from tests.system.outside import Outside, people, table, until
from tests.system.pages.conftest import NewPage, take_picture
from tests.system.receiver import receiving

AWAY = 1000  # attempts: until it is told to be back


def test_a_webhook_is_added_tested_and_deleted(new_page: NewPage, outside: Outside) -> None:
    experience = outside.experience("Webhooks on pages")
    page = new_page()
    page.goto(f"/experiences/{experience}/settings")
    page.get_by_role("link", name="Webhooks", exact=True).click()
    with receiving() as receiver:
        page.get_by_label("URL").fill(receiver.url)
        page.get_by_role("button", name="Add").click()
        expect(page.get_by_text(re.compile(r"^whsec_\S+$"))).to_be_visible()
        page.get_by_role("link", name="Webhooks", exact=True).click()
        page.get_by_role("link", name=receiver.url).click()
        expect(page.get_by_text("whsec_")).to_have_count(0)
        receiver.away = AWAY
        outside.prepared(experience, table(people(2, "webhookpage")), emails="none")
        until(lambda: receiver.received or None, seconds=60, what="an attempt")
        until(lambda: page.reload() and page.get_by_text("Failing").count(), seconds=60, what="its failure")
        page.get_by_role("button", name="New secret").click()
        expect(page.get_by_text(re.compile(r"^whsec_\S+$"))).to_be_visible()
        all_of_them = page.context.new_page()
        all_of_them.goto(f"/experiences/{experience}/settings/webhooks")
        expect(all_of_them.get_by_text("Failing")).to_be_visible()
        receiver.away = 0
        log = page.get_by_role("table", name="Delivery log")
        expect(_row(log, "import.ready", "200")).to_be_visible(timeout=120_000)  # without a reload
        expect(page.get_by_text("Failing")).to_have_count(0)
        expect(page.get_by_text(re.compile(r"^whsec_\S+$"))).to_be_visible()
        expect(all_of_them.get_by_text("Failing")).to_have_count(0)
        expect(_row(log, "import.ready", "503").first).to_be_visible()
        receiver.awake.clear()
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_text("1 delivery waits")).to_be_visible()
        receiver.awake.set()
        expect(_row(log, "webhook.test", "200")).to_be_visible()
        expect(page.locator("[data-refresh]")).to_have_count(0)
        [told] = {headers["webhook-id"] for headers, body in receiver.received if b"import.ready" in body}
        log.get_by_role("button", name=f"Deliver again import.ready {told}").click()
        expect(_row(log, told, "200")).to_have_count(2)
        assert receiver.received[-1][0]["webhook-id"] == told
        take_picture(page, "webhook")
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("Switched off")).to_be_visible()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Add a webhook")).to_be_visible()
    expect(page.get_by_text("127.0.0.1")).to_have_count(0)


def _row(log: Locator, event: str, answer: str) -> Locator:
    return log.get_by_role("row", name=event).filter(has=log.page.get_by_text(answer, exact=True))
