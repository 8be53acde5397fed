"""How an import may end: cancelled, rejected, with rows that are corrected and come again; who may not see it; what is said
when the server is away."""

import csv
import io
import json
import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.system.outside import Outside, paused, people, table, until
from tests.system.pages.conftest import NOBODY, NewPage
from tests.system.pages.test_the_way import run, submit


def test_an_import_that_is_cancelled_before_run_says_that_nothing_was_done(new_page: NewPage, outside: Outside) -> None:
    found = outside.prepared(outside.experience("Cancelled"), table(people(5, "cancelled")))
    page = new_page()
    page.goto(f"/imports/{found['id']}")
    page.get_by_role("button", name="Cancel import").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name="Keep it").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Cancel import").click()
    dialog.get_by_role("button", name="Cancel import").click()
    expect(page.get_by_role("heading", name="This import was cancelled")).to_be_visible()
    expect(page.get_by_text("Nothing was done: no account was created")).to_be_visible()
    assert outside.import_(found["id"])["status"] == "cancelled"


def test_a_run_that_is_cancelled_says_what_was_done_and_what_was_not(new_page: NewPage, outside: Outside) -> None:
    found = outside.prepared(outside.experience("Stopped"), table(people(60_000, "stopped")), emails="none")
    page = new_page()
    page.goto(f"/imports/{found['id']}")
    with paused(outside.stack, "provisioner"):
        run(page)
        running = page.locator("html.scripted #import[data-status=running]")
        running.get_by_role("button", name="Cancel import").click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel import").click()
        outside.wait(found["id"], "cancelling")
    expect(page.get_by_role("heading", name="Results until it was cancelled")).to_be_visible()
    expect(page.locator(".tile.is-skipped")).to_be_visible()
    tiles = page.locator("#tiles strong data").evaluate_all("all => all.map(one => Number(one.value))")
    assert sum(tiles) == 60_000
    page.locator(".tile.is-skipped").click()
    expect(page.get_by_role("cell", name="Skipped, nothing was done").first).to_be_visible()


def test_what_changed_between_review_and_run_is_marked(new_page: NewPage, outside: Outside) -> None:
    first, second = (
        outside.prepared(outside.experience(name), table(people(2, "drift")), emails="none")
        for name in ("One", "Other")
    )
    outside.run(first["id"])
    outside.run(second["id"])
    page = new_page()
    page.goto(f"/imports/{second['id']}")
    expect(page.get_by_text("an account existed by then")).to_have_count(2)
    expect(page.locator(".tile.is-created")).to_contain_text("2 were planned")
    page.locator(".tile.is-added").click()  # leads to exactly those that were added
    expect(page.locator(".tile.is-added")).to_have_attribute("aria-current", "true")
    expect(page.get_by_text("an account existed by then")).to_have_count(2)


def test_a_rejected_file_says_what_is_wrong_and_shows_its_first_lines(new_page: NewPage, outside: Outside) -> None:
    found = outside.prepared(outside.experience("Rejected"), b"Name,Phone\nAda,123\n")
    page = new_page()
    page.goto(f"/imports/{found['id']}")
    expect(page.get_by_text("There is no column “Email”")).to_be_visible()
    expect(page.locator("pre")).to_have_text("Name,Phone\nAda,123")
    page.get_by_role("link", name="Upload a corrected file").click()
    expect(page.get_by_role("heading", name="New import")).to_be_visible()


def test_a_file_over_the_limit_is_refused_before_it_is_sent(
    new_page: NewPage, outside: Outside, tmp_path: Path
) -> None:
    page = new_page()
    page.goto(f"/experiences/{outside.experience('Too Large')}/settings/imports/new")
    file = tmp_path / "large.csv"
    with file.open("wb") as large:
        large.truncate(100_000_001)
    submit(page, file)
    expect(page.get_by_role("alert")).to_contain_text("The file is larger than 100 MB")
    expect(page.get_by_role("alert")).to_be_focused()


def test_rows_that_failed_are_downloaded_corrected_and_imported(
    new_page: NewPage, outside: Outside, tmp_path: Path
) -> None:
    experience = outside.experience("Round Trip")
    lines = [*people(3, "round"), ("ro und@example", "Ro", "Und")]
    page = new_page()
    page.goto(f"/experiences/{experience}/settings/imports/new")
    file = tmp_path / "learners.csv"
    file.write_bytes(table(lines))
    submit(page, file)
    run(page)
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Rows not imported").click()
    text = Path(downloading.value.path()).read_text("utf-8-sig")
    assert [row["code"] for row in csv.DictReader(io.StringIO(text))] == ["email.invalid"]
    corrected = tmp_path / "corrected.csv"
    corrected.write_text(text.replace("ro und@example", "ro.und@northfield-college.org"), "utf-8")
    page.goto(f"/experiences/{experience}/settings/imports/new")
    submit(page, corrected)
    expect(page.get_by_text("This file is one that you downloaded here")).to_be_visible()
    run(page)
    expect(page.get_by_text("1 record was imported.")).to_be_visible()


def test_mails_that_are_held_go_out_when_a_person_says_so(new_page: NewPage, outside: Outside) -> None:
    found = outside.prepared(outside.experience("Held"), table(people(2, "held")), emails="hold")
    outside.run(found["id"])
    page = new_page()
    page.goto(f"/imports/{found['id']}")
    expect(page.get_by_text("Welcome mail held back")).to_have_count(2)
    assert not outside.mails(to="held.00000@")
    page.get_by_role("button", name="Send them now").click()
    page.get_by_role("dialog").get_by_role("button", name="Send welcome mails").click()
    expect(page.get_by_text("Welcome mails released")).to_be_visible()
    expect(page.get_by_text("Welcome mail sent")).to_have_count(2)  # by itself
    expect(page.locator("#emails")).to_contain_text("2 sent")
    assert len(outside.mails(to="held.00000@")) == 1


def test_mails_that_could_not_be_sent_are_tried_again_when_a_person_says_so(
    new_page: NewPage, outside: Outside, running_stack: dict[str, Any]
) -> None:
    refused = Path(running_stack["inbox"]) / "refused"  # addresses that the local inbox does not take
    refused.write_text("refused.00001@\n")
    try:
        found = outside.prepared(outside.experience("Refused"), table(people(2, "refused")))
        page = new_page()
        with paused(running_stack, "notifier"):
            outside.run(found["id"])
            page.goto(f"/imports/{found['id']}")
        expect(page.get_by_text(re.compile(r"^Welcome mail could not be sent: \S"))).to_have_count(1)
    finally:
        refused.unlink()
    page.get_by_role("button", name="Try the failed ones again").click()
    page.get_by_role("dialog").get_by_role("button", name="Send again").click()
    expect(page.get_by_text("Welcome mail sent")).to_have_count(2)
    assert [len(outside.mails(to=f"refused.0000{number}@")) for number in (0, 1)] == [1, 1]


def test_who_is_no_administrator_finds_nothing(
    new_page: NewPage, outside: Outside, running_stack: dict[str, Any]
) -> None:
    experience = outside.experience("Not Theirs")
    found = outside.prepared(experience, table(people(2, "theirs")))
    page = new_page(running_stack["other_user"])
    page.goto("/")
    expect(page.get_by_role("heading", name="No experiences yet")).to_be_visible()
    for address in (f"/experiences/{experience}", f"/imports/{found['id']}", f"/imports/{found['id']}/run"):
        answer = page.goto(address)
        assert answer
        assert answer.status == 404
        expect(page.get_by_role("heading", name="There is nothing here for you")).to_be_visible()


def test_who_is_not_signed_in_comes_back_after_it(new_page: NewPage, outside: Outside) -> None:
    found = outside.prepared(outside.experience("Later"), table(people(2, "later")))
    page = new_page(NOBODY)
    page.goto(f"/imports/{found['id']}")
    assert "/sign-in" in page.url
    assert found["id"] in page.url


def test_a_lost_connection_is_said_and_caught_up_with(
    new_page: NewPage, outside: Outside, running_stack: dict[str, Any]
) -> None:
    found = outside.prepared(outside.experience("Lost"), table(people(200, "lost")), emails="none")
    page = new_page()
    page.goto(f"/imports/{found['id']}")
    expect(page.get_by_role("heading", name="Review")).to_be_visible()

    def lost() -> bool:  # it is said for as long as intake is away, so it is killed again until it was read
        for pid in json.loads(Path(running_stack["file"]).read_text())["pids"]["intake"]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return page.get_by_text("The connection is lost").first.is_visible()

    until(lost, seconds=90, what="the words for it")

    def back() -> bool:
        time.sleep(0.5)
        try:
            return bool(outside.import_(found["id"]))
        except OSError:
            return False
        except Exception:  # the client's own words for a refused connection
            return False

    until(back, seconds=60, what="intake to be replaced")
    outside.run(found["id"])
    expect(page.get_by_text("200 of 200 records were imported.")).to_be_visible()
    expect(page.locator("#lost")).to_be_hidden()
