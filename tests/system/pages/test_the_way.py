"""The article's way, with a real file, from my experiences to the link in the finish mail."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.system.outside import Outside, people, table, until
from tests.system.pages.conftest import NewPage, take_picture

LEARNERS = Path(__file__).parents[3] / "examples" / "learners.csv"


def open_new_import(page: Page, experience: str) -> None:
    page.goto("/")
    page.get_by_role("link", name=experience).click()
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Imports", exact=True).click()
    page.get_by_role("link", name="New", exact=True).click()


def submit(page: Page, file: Any) -> None:
    page.get_by_label("Type").select_option(label="Experience learners")
    page.get_by_label("Source file").set_input_files(file)
    page.get_by_role("button", name="Submit").click()


def run(page: Page) -> None:
    page.locator("html.scripted").get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Run for")).click()


def test_an_administrator_goes_the_articles_way(new_page: NewPage, outside: Outside) -> None:
    experience = outside.experience("The Article's Way")
    header, *learners = LEARNERS.read_bytes().splitlines(keepends=True)
    for where, some in ((outside.experience("An Earlier One"), learners[20:61]), (experience, learners[1:13])):
        outside.run(
            outside.prepared(where, header + b"".join(some), emails="none")["id"]
        )  # people who are there already
    page = new_page()
    open_new_import(page, "The Article's Way")
    take_picture(page, "new-import")
    submit(page, LEARNERS)

    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    expect(page.get_by_text("accounts will be created").first).to_be_visible()
    expect(page.get_by_text("rows cannot be imported").first).to_be_visible()
    expect(page.get_by_text("“First Name”").first).to_be_visible()
    expect(page.locator("table.records tbody tr")).to_have_count(50)
    take_picture(page, "review")

    run(page)
    expect(page.get_by_role("heading", name="Results")).to_be_visible()
    expect(page.get_by_role("cell", name="Success").first).to_be_visible()
    expect(page.get_by_text(re.compile("Together .* records"))).to_be_visible()
    take_picture(page, "results")

    address = page.url.split("?")[0]
    import_id = address.rpartition("/")[2]
    found = outside.import_(import_id)
    tiles = page.locator("#tiles data").evaluate_all("all => all.map(one => Number(one.value))")
    assert sum(tiles) == found["progress"]["rows"]

    def finish_mail() -> str | None:
        mails = outside.mails(to=outside.stack["user"])
        texts = [str(mail.get_body(("plain",)).get_content()) for mail in mails]  # type: ignore[union-attr]
        return next((text for text in texts if address in text), None)

    assert until(finish_mail, seconds=60, what="the finish mail")
    page.goto(address)
    expect(page.get_by_role("heading", name="Results")).to_be_visible()


def test_without_scripts_everything_works(new_page: NewPage, outside: Outside, tmp_path: Path) -> None:
    outside.experience("No Scripts Here")
    file = tmp_path / "few.csv"
    file.write_bytes(table([*people(3, "noscript"), ("not an email", "A", "B")]))
    page = new_page(java_script_enabled=False)
    open_new_import(page, "No Scripts Here")
    page.get_by_label("Don’t send").check()
    submit(page, file)
    page.wait_for_url(re.compile("/imports/[0-9a-f-]{36}"))
    outside.wait(page.url.rpartition("/")[2], "ready")
    page.reload()
    page.get_by_label("Pre-import status").select_option("error")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("table.records tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Clear filters").click()
    page.get_by_role("searchbox").fill("first1")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator("table.records tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("button", name="Run for 3 records").click()
    outside.wait(page.url.rpartition("/")[2], "finished")
    page.reload()
    expect(page.get_by_text("3 of 4 records were imported.")).to_be_visible()


def test_who_leaves_and_returns_sees_the_truth_and_so_does_another_tab(new_page: NewPage, outside: Outside) -> None:
    experience = outside.experience("Two Tabs")
    found = outside.prepared(experience, table(people(2500, "tabs")), emails="none")
    page = new_page()
    page.goto(f"/imports/{found['id']}")
    second = page.context.new_page()
    second.goto(f"/imports/{found['id']}")
    run(page)
    page.goto("/")  # away while it runs
    expect(second.get_by_role("heading", name="Results")).to_be_visible()  # without a reload
    expect(second.get_by_text("2,500 of 2,500 records were imported.")).to_be_visible()
    page.goto(f"/imports/{found['id']}")
    expect(page.get_by_text("2,500 of 2,500 records were imported.")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_who_presses_run_second_is_told_so(new_page: NewPage, outside: Outside, scripts: bool) -> None:
    lines = table(people(3, f"twice{scripts}"))
    found = outside.prepared(outside.experience("Twice"), lines, emails="none")
    page = new_page(java_script_enabled=scripts)
    page.goto(f"/imports/{found['id']}/run")
    outside.run(found["id"])
    page.get_by_role("button", name="Run for 3 records").click()
    expect(page.get_by_role("alert")).to_contain_text("finished")
    expect(page.get_by_role("heading", name="Results")).to_be_visible()
    page.get_by_role("searchbox").fill("first1")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("table.records tbody tr")).to_have_count(1)


def test_where_streams_do_not_get_through_the_page_asks(new_page: NewPage, outside: Outside) -> None:
    found = outside.prepared(outside.experience("No Streams"), table(people(3, "polled")), emails="none")
    page = new_page()
    page.route("**/events", lambda route: route.abort())
    page.goto(f"/imports/{found['id']}")
    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    outside.run(found["id"])
    expect(page.get_by_role("heading", name="Results")).to_be_visible()
