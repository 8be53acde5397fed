"""Everyone can use the pages: axe finds nothing on any, in both themes; 320 px are enough; the keyboard is enough."""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.system.outside import Outside, people, table
from tests.system.pages.conftest import NewPage
from tests.system.pages.dead_letters import TOPIC, make_dead_letter

PHONE, TABLET, LAPTOP = 320, 961, 1200  # at 961 tables are tightest: below, each row is a card
CUT_OFF = "[...document.querySelectorAll('.table-frame, .card, main')].filter(part => part.scrollWidth > part.clientWidth + 1).length"
LINES = [
    *people(60, "axe"),
    ("a" * 300 + "@example.org", "Grace" * 60, "One"),
    ("ada@gmial.com", "Ada", "Warned"),
    ("nobody", "No", "Mail"),
]


@pytest.fixture(scope="module")
def addresses() -> dict[str, str]:
    return {}


@pytest.fixture
def every_page(outside: Outside, addresses: dict[str, str]) -> dict[str, str]:
    """The address of each kind of page; made once."""
    if not addresses:
        experience = outside.experience("For Everyone")
        ready = outside.prepared(experience, table(LINES), emails="none")["id"]
        done = outside.prepared(experience, table(LINES), emails="none")["id"]
        outside.run(done)
        cancelled = outside.prepared(experience, table(LINES))["id"]
        outside.http.post(f"/imports/{cancelled}/cancel")
        rejected = outside.prepared(experience, b"Name\nAda\n")["id"]
        letters = "/operations/dead-letters"
        webhooks = f"/experiences/{experience}/settings/webhooks"
        nobody_there = {"url": "http://127.0.0.1:9/rollcall", "events": ["import.ready", "import.completed"]}
        webhook = outside.http.post(f"/experiences/{experience}/webhooks", json=nobody_there).json()["id"]
        outside.http.post(f"/experiences/{experience}/webhooks/{webhook}/test").raise_for_status()
        addresses.update(
            {
                "experiences": "/", "experience": f"/experiences/{experience}", "settings": f"/experiences/{experience}/settings",
                "imports": f"/experiences/{experience}/settings/imports", "new": f"/experiences/{experience}/settings/imports/new",
                "no imports": f"/experiences/{outside.experience('Empty')}/settings/imports", "review": f"/imports/{ready}",
                "no records": f"/imports/{ready}?status=error&plan=create", "ask to run": f"/imports/{ready}/run",
                "ask to cancel": f"/imports/{ready}/cancel", "results": f"/imports/{done}", "cancelled": f"/imports/{cancelled}",
                "rejected": f"/imports/{rejected}", "guide": "/help", "welcome": "/welcome", "nothing": "/imports/none",
                "webhooks": webhooks, "webhook": f"{webhooks}/{webhook}", "ask to delete": f"{webhooks}/{webhook}/delete",
                "account": "/account", "audit log": "/operations/audit", "audit log of an experience": f"/experiences/{experience}/settings/audit",
                "operations": "/operations", "dead letters": f"{letters}?topic={TOPIC}",
                "dead letter": f"{letters}/{TOPIC}/{make_dead_letter(outside.stack['kafka'])}",
                "no dead letters": f"{letters}?topic={TOPIC}&reason=none", "ask to put back": f"{letters}/replay?topic={TOPIC}",
            }
        )  # fmt: skip
    return addresses


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, LAPTOP])
def test_axe_finds_nothing_and_nothing_is_cut_off(
    new_page: NewPage, every_page: dict[str, str], theme: Literal["light", "dark"], width: int
) -> None:
    page = new_page(color_scheme=theme, viewport={"width": width, "height": 800}, reduced_motion="reduce")
    found = {}
    for name, address in every_page.items():
        page.goto(address)
        violations = [
            (one["id"], [node["target"] for node in one["nodes"]]) for one in Axe().run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            violations.append(("wider than the screen", []))
        violations += [(f"cut off at {at}", []) for at in (width, TABLET) if at <= width and is_cut_off(page, at)]
        if violations:
            found[name] = violations
    assert not found


def is_cut_off(page: Page, width: int) -> bool:
    before = page.viewport_size
    assert before
    page.set_viewport_size({"width": width, "height": before["height"]})
    cut = page.evaluate(CUT_OFF)
    page.set_viewport_size(before)
    return bool(cut)


def test_the_keyboard_alone_runs_an_import(new_page: NewPage, outside: Outside) -> None:
    found = outside.prepared(outside.experience("Keyboard"), table(people(2, "keyboard")), emails="none")
    page = new_page()
    page.goto(f"/imports/{found['id']}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_role("button", name="Run", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("button", name="Run for 2 records").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Results")).to_be_visible()
