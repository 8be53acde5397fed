"""A page renews itself in parts: what is answered late brings nothing back, and who is busy on it is not left behind."""

import itertools
import re

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.system.outside import Outside, paused, people, table, until
from tests.system.pages.conftest import NewPage

Held = list[tuple[Route, APIResponse]]


def hold(page: Page, import_id: str, number: int, *, api: bool = False) -> Held:
    """Of what the page asks for anew from now on, the answer of this number is held back as it is."""
    held: Held = []
    numbers = itertools.count()

    def hold_one(route: Route) -> None:
        if next(numbers) == number:
            held.append((route, route.fetch()))
        else:
            route.continue_()

    page.route(re.compile(rf"{'api/v1' if api else '//[^/]+'}/imports/{import_id}(\?.*)?$"), hold_one)
    return held


def wait_for(page: Page, held: Held) -> None:
    until(lambda: page.wait_for_timeout(50) or held, seconds=60, what="the question")


def let_go(page: Page, held: Held) -> None:
    """Give the page its late answer; return when it has made of it what it makes of it."""
    route, answer = held.pop()
    with page.expect_event("requestfinished", lambda request: request == route.request):
        route.fulfill(response=answer)
    let_it_work(page)


def let_it_work(page: Page) -> None:
    """What the page asks for now is answered after it has dealt with what was answered before."""
    page.evaluate("fetch('/help').then((later) => later.text())")


@pytest.mark.parametrize(("question", "number"), [("of a phase", 0), ("of records", 1), ("of a click", 2)])
def test_an_answer_from_before_the_end_does_not_undo_the_end(
    new_page: NewPage, outside: Outside, question: str, number: int
) -> None:
    lines = table(people(3, f"late.{question.split()[-1]}"))
    found = outside.prepared(outside.experience(f"Late {question}"), lines, emails="none")
    page = new_page()
    page.goto(f"/imports/{found['id']}")
    held = hold(page, found["id"], number)
    with paused(outside.stack, "provisioner"):
        outside.http.post(f"/imports/{found['id']}/run").raise_for_status()
        if question == "of a click":
            expect(page.get_by_role("heading", name="Running")).to_be_visible()
            page.locator(".tile.is-created").click()
        wait_for(page, held)
    expect(page.get_by_role("heading", name="Results")).to_be_visible()
    let_go(page, held)
    assert page.get_by_role("heading", name="Results").is_visible()  # at once, and not only after it was renewed
    assert page.locator(".tile.is-created data").get_attribute("value") == "3"
    assert page.get_by_role("cell", name="Success").count() == 3


def test_a_question_that_fails_late_does_not_say_that_the_connection_is_lost(
    new_page: NewPage, outside: Outside
) -> None:
    found = outside.prepared(outside.experience("Late Failure"), table(people(2, "latefailure")))
    page = new_page()
    page.route("**/events", lambda route: route.abort())
    page.goto(f"/imports/{found['id']}")
    held = hold(page, found["id"], 0, api=True)
    wait_for(page, held)
    with page.expect_response("**/events"):
        page.unroute("**/events")
    let_it_work(page)
    with page.expect_event("requestfailed", lambda request: request == held[0][0].request):
        held[0][0].abort()
    let_it_work(page)
    expect(page.locator("#lost")).to_be_hidden()


def test_what_is_asked_for_while_a_phase_begins_is_what_is_shown(new_page: NewPage, outside: Outside) -> None:
    lines = [*people(3, "meanwhile"), ("nobody", "No", "Mail")]
    found = outside.prepared(outside.experience("Meanwhile"), table(lines))
    page = new_page()
    page.goto(f"/imports/{found['id']}")
    held = hold(page, found["id"], 0)
    outside.http.post(f"/imports/{found['id']}/cancel").raise_for_status()
    wait_for(page, held)
    page.locator(".tile.is-none").click()
    expect(page.get_by_role("heading", name="Records")).to_be_focused()
    let_go(page, held)
    expect(page.get_by_role("heading", name="This import was cancelled")).to_be_visible()
    expect(page.locator("table.records tbody tr")).to_have_count(1)


def test_what_is_searched_for_is_also_searched_for_in_the_next_phase(new_page: NewPage, outside: Outside) -> None:
    found = outside.prepared(outside.experience("Sought"), table(people(3, "sought")), emails="none")
    page = new_page()
    page.goto(f"/imports/{found['id']}")
    page.get_by_role("searchbox").fill("first1")
    expect(page.locator("table.records tbody tr")).to_have_count(1)
    outside.run(found["id"])
    expect(page.get_by_role("heading", name="Results")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("first1")
    expect(page.get_by_role("cell", name="Success")).to_have_count(1)


def test_who_reads_the_records_sees_what_becomes_of_the_mails(new_page: NewPage, outside: Outside) -> None:
    found = outside.prepared(outside.experience("Reads"), table(people(2, "reads")))
    page = new_page()
    with paused(outside.stack, "notifier"):
        outside.run(found["id"])
        page.goto(f"/imports/{found['id']}")
        expect(page.locator("#emails")).to_contain_text("2 waiting to be sent")
        page.locator("html.scripted .tile.is-created").click()
        expect(page.get_by_role("heading", name="Records")).to_be_focused()
    expect(page.locator("#emails")).to_contain_text("2 sent")
    expect(page.get_by_text("Welcome mail sent")).to_have_count(2)
    expect(page.get_by_role("heading", name="Records")).to_be_focused()


def test_who_was_asked_something_meanwhile_does_so_after_it(new_page: NewPage, outside: Outside) -> None:
    found = outside.prepared(outside.experience("Asked"), table(people(2, "asked")))
    page = new_page()
    with paused(outside.stack, "notifier"):
        outside.run(found["id"])
        page.goto(f"/imports/{found['id']}")
        page.evaluate("document.getElementById('emails').append(document.createElement('dialog'))")
        page.evaluate("document.querySelector('#emails dialog').showModal()")
        page.route(page.url, settled)
    until(lambda: outside.import_(found["id"])["email_counts"]["sent"] == 2, seconds=90, what="the mails")
    for _ in range(2):  # one may have been asked for before
        with page.expect_event("requestfinished", lambda request: request.url == page.url):
            pass
    let_it_work(page)
    page.evaluate("document.querySelector('#emails dialog').close()")
    expect(page.locator("#emails")).to_contain_text("2 sent")


def settled(route: Route) -> None:
    """The page as it is when nothing of its mails is awaited any more, which takes a minute."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace(" data-moving", ""))


def test_an_experience_shows_how_its_imports_go_on(new_page: NewPage, outside: Outside) -> None:
    experience = outside.experience("Goes On")
    page = new_page()
    with paused(outside.stack, "validator"):
        outside.upload(experience, table(people(3, "goeson")), emails="none")
        page.goto(f"/experiences/{experience}")
        expect(page.locator(".badge.is-ready")).to_have_count(0)
    expect(page.locator(".badge.is-ready")).to_be_visible()
