"""The records of an import in a browser: filters, search, pages, also of 100,000."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from playwright.sync_api import Page, expect

from tests.system.outside import Outside, paused, people, table, until
from tests.system.pages.conftest import NewPage

MANY = 100_000


def rows(page: Page) -> list[int]:
    numbers: list[int] = page.locator("table.records tbody td.number data").evaluate_all(
        "all => all.map(one => Number(one.value))"
    )
    return numbers


def test_filters_stand_in_the_address_and_what_is_searched_for_does_not(new_page: NewPage, outside: Outside) -> None:
    lines = [*people(60, "filters"), ("ada@gmial.com", "Ada", "Warned"), ("nobody", "No", "Mail"), ("", "Nor", "This")]
    found = outside.prepared(outside.experience("Filters"), table(lines))
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/imports/{found['id']}")

    page.get_by_label("Pre-import status").focus()
    page.get_by_label("Pre-import status").select_option("error")
    expect(page.locator("table.records tbody tr")).to_have_count(2)
    assert page.url.endswith("?status=error")
    expect(page.get_by_role("status")).to_have_text("2 records shown")
    expect(page.get_by_label("Pre-import status")).to_be_focused()
    page.get_by_label("Problem").select_option("email.missing")
    expect(page.locator("table.records tbody tr")).to_have_count(1)
    expect(page.get_by_text("There is no email in this row")).to_be_visible()
    page.reload()
    assert rows(page) == [64]
    page.go_back()
    expect(page.locator("table.records tbody tr")).to_have_count(2)
    page.get_by_role("link", name="Clear filters").click()
    expect(page.locator("table.records tbody tr")).to_have_count(50)

    page.get_by_role("searchbox").press_sequentially("warned")
    expect(page.locator("table.records tbody tr")).to_have_count(1)
    expect(page.get_by_role("searchbox")).to_be_focused()
    assert rows(page) == [62]
    page.reload()  # what was searched for stays in this tab
    expect(page.locator("table.records tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Clear search").click()
    expect(page.locator("table.records tbody tr")).to_have_count(50)
    assert not [address for address in asked if "warned" in address.lower()]

    page.get_by_role("link", name=re.compile("rows cannot be imported")).click()
    expect(page.locator("table.records tbody tr")).to_have_count(2)


def test_records_that_did_not_come_are_not_taken_for_those_that_were_asked_for(
    new_page: NewPage, outside: Outside
) -> None:
    found = outside.prepared(outside.experience("Away"), table([*people(3, "away"), ("nobody", "No", "Mail")]))
    page = new_page()
    page.goto(f"/imports/{found['id']}")
    page.context.set_offline(True)
    page.get_by_role("link", name=re.compile("row cannot be imported")).click()
    lost = page.get_by_role("alert").filter(has_text="not the records that you asked for")
    expect(lost).to_be_visible()
    page.context.set_offline(False)
    with dying() as there:
        page.route(re.compile("plan=none"), lambda route: route.continue_(url=there), times=1)
        with page.expect_event("requestfailed"):
            lost.get_by_role("link", name="Try again").click()
        expect(lost).to_be_visible()
    lost.get_by_role("link", name="Try again").click()
    expect(page.locator("table.records tbody tr")).to_have_count(1)
    expect(lost).to_have_count(0)
    assert page.url.endswith("?plan=none")


@contextmanager
def dying() -> Iterator[str]:
    """The address of a server that dies in the middle of its answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "1000")
            self.end_headers()
            self.wfile.write(b"<!doctype html>")

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.handle_request).start()
        yield f"http://127.0.0.1:{server.server_port}/"


def test_pages_lead_on_and_back(new_page: NewPage, outside: Outside) -> None:
    found = outside.prepared(outside.experience("Pages"), table(people(130, "pages")))
    page = new_page()
    page.goto(f"/imports/{found['id']}")
    for first in (52, 102):
        page.get_by_role("link", name="Next page").click()
        expect(page.locator("table.records tbody td.number data").first).to_have_attribute("value", str(first))
    expect(page.get_by_role("link", name="Next page")).to_have_count(0)
    expect(page.get_by_role("heading", name="Records")).to_be_focused()
    page.get_by_role("link", name="Previous page").click()
    expect(page.locator("table.records tbody td.number data").first).to_have_attribute("value", "52")
    page.get_by_role("link", name="First page").click()
    expect(page.locator("table.records tbody td.number data").first).to_have_attribute("value", "2")
    page.get_by_label("Go to row").fill("77")
    page.get_by_role("button", name="Go").click()
    expect(page.locator("table.records tbody td.number data").first).to_have_attribute("value", "77")


def test_a_hundred_thousand_records_are_reviewed_like_a_hundred(new_page: NewPage, outside: Outside) -> None:
    lines = [*people(MANY - 1, "many"), ("nobody", "The", "Last")]
    page = new_page()
    with paused(outside.stack, "validator"):
        upload = outside.upload(outside.experience("Many"), table(lines), emails="none")
        page.goto(f"/imports/{upload['id']}")
        expect(page.get_by_role("progressbar")).to_be_visible()

    def paced() -> bool:
        with paused(outside.stack, "validator"):  # which needs few seconds for all of them
            page.wait_for_timeout(600)
            return "rows per second" in page.locator("#pace").inner_text()

    until(paced, seconds=60, what="the pace")
    expect(page.get_by_role("heading", name="Review")).to_be_visible(timeout=180_000)
    expect(page.locator("#tiles")).to_contain_text("99,999")
    page.get_by_label("Pre-import status").select_option("error")
    expect(page.locator("table.records tbody tr")).to_have_count(1)
    assert rows(page) == [MANY + 1]
    page.get_by_role("link", name="Clear filters").click()
    expect(page.locator("table.records tbody tr")).to_have_count(50)
    page.get_by_label("Go to row").fill("99990")
    page.get_by_role("button", name="Go").click()
    expect(page.locator("table.records tbody tr")).to_have_count(12)
    page.get_by_role("searchbox").fill("many.05432")
    expect(page.locator("table.records tbody tr")).to_have_count(1)
    assert rows(page) == [5434]
