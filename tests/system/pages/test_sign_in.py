"""Signing in and out in a real browser: a link is used by hand, once; after signing out nothing is left on the screen."""

import re
import subprocess
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.system.pages.conftest import NOBODY, NewPage

SignInLink = Callable[[str], str]
SOMEBODY = "somebody.else@northfield-college.org"  # so that signing out everywhere disturbs no other test


def _enter(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/sign-in" not in address)


def test_who_is_not_signed_in_is_told_how_and_comes_back_to_where_they_wanted(
    new_page: NewPage, rollcall: Callable[..., "subprocess.CompletedProcess[str]"]
) -> None:
    page = new_page(NOBODY)
    page.goto("/account")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_text("rollcall sign-in-link")).to_be_visible()
    link = rollcall("sign-in-link", SOMEBODY, "--to", "/account", COLUMNS="300").stdout.strip()
    _enter(page, link)
    assert page.url.endswith("/account")
    expect(page.get_by_text(SOMEBODY)).to_be_visible()


def test_a_link_that_was_used_says_so_and_one_that_was_only_looked_at_works(
    new_page: NewPage, sign_in_link: SignInLink
) -> None:
    link, scanner, first, second = sign_in_link(SOMEBODY), new_page(NOBODY), new_page(NOBODY), new_page(NOBODY)
    scanner.goto(link)
    _enter(first, link)
    second.goto(link)
    expect(second.get_by_role("heading", name="does not work any more")).to_be_visible()
    scanner.get_by_role("button", name="Sign in").click()
    expect(scanner.get_by_role("heading", name="does not work any more")).to_be_visible()


def test_signing_out_everywhere_reaches_the_other_browser_and_the_way_back_shows_nothing(
    new_page: NewPage, sign_in_link: SignInLink
) -> None:
    here, there = new_page(NOBODY), new_page(NOBODY)
    _enter(here, sign_in_link(SOMEBODY))
    _enter(there, sign_in_link(SOMEBODY))
    here.goto("/account")
    expect(here.get_by_text(re.compile("^Another browser")).first).to_be_visible()
    here.get_by_role("button", name="Sign out everywhere").click()
    expect(here.get_by_role("heading", name="You are signed out")).to_be_visible()
    here.go_back()
    expect(here.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(here.get_by_text(SOMEBODY)).not_to_be_visible()
    there.reload()
    expect(there.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_session_is_out_of_reach_of_scripts(new_page: NewPage, sign_in_link: SignInLink) -> None:
    page = new_page(NOBODY)
    _enter(page, sign_in_link(SOMEBODY))
    assert page.evaluate("document.cookie") == ""
    [cookie] = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
