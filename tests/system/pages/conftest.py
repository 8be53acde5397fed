"""A real browser at the session's stack, for one who is signed in by a link of the command line."""

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect, sync_playwright

from tests.system.outside import Outside
from tests.system.pages.chromium import find_chromium

PICTURES = Path(__file__).parents[3] / "docs" / "pictures"
KEEP = bool(os.environ.get("ROLLCALL_PICTURES"))
NOBODY = "nobody"
PATIENCE_MS = 90_000  # also for a click: what it waits for went through Kafka, on whatever machine this is
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]  # also as root, and in containers

NewPage = Callable[..., Page]
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a file, and not longer: Playwright keeps an event loop running, next to which no
    asynchronous test can run."""
    path = find_chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def sign_in_link(
    rollcall: Callable[..., subprocess.CompletedProcess[str]], session_stack: Path
) -> Callable[[str], str]:
    """`sign_in_link(email)`: the address of a one-time link."""

    def make(email: str) -> str:
        printed = rollcall("sign-in-link", email, COLUMNS="300").stdout
        found = re.search(r"http\S+", printed)
        assert found, printed
        return found.group()

    return make


@pytest.fixture(scope="module")
def signed_in(browser: Browser, sign_in_link: Callable[[str], str]) -> Callable[[str], StorageState]:
    """`signed_in(email)`: the cookies of that person; each signs in once per module."""
    known: dict[str, StorageState] = {}

    def sign_in(email: str) -> StorageState:
        if email not in known:
            context = browser.new_context()
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            page.goto(sign_in_link(email))
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(lambda address: "/sign-in" not in address)
            known[email] = context.storage_state()
            context.close()
        return known[email]

    return sign_in


@pytest.fixture
def new_page(
    browser: Browser, signed_in: Callable[[str], StorageState], running_stack: dict[str, Any]
) -> Iterator[NewPage]:
    """`new_page(email, **options of the context)`: a tab of a browser of its own. Whatever the page complains about fails
    the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(email: str | None = None, **options: Any) -> Page:
        state = None if email == NOBODY else signed_in(email or running_stack["user"])
        settings = {"locale": "en-GB", "timezone_id": "Europe/London", "viewport": {"width": 1200, "height": 850}}
        context = browser.new_context(
            base_url=running_stack["base_url"], storage_state=state, **{**settings, **options}
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def outside(running_stack: dict[str, Any]) -> Outside:
    """The same stack over the API."""
    return Outside(running_stack)


def take_picture(page: Page, name: str) -> None:
    """A screenshot. It is kept for the documents when ROLLCALL_PICTURES is set, because each has other times in it."""
    folder = PICTURES if KEEP else Path(tempfile.gettempdir())
    page.screenshot(path=folder / f"{name}.png", animations="disabled", caret="hide")
