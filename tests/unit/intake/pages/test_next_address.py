"""Where signing in may lead: to our pages only."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.pages.next_address import local_address

OURS = "https://rollcall.test"


@pytest.mark.parametrize(
    "address", ["/", "/imports/1", "/experiences/1/settings/imports?status=error&after=3", "/a//b", "/a?x=//evil.example", "/%2f%2fevil"]
)  # fmt: skip
def test_our_own_pages_are_kept(address: str) -> None:
    assert local_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        None, "", "imports", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example",
        "/\t/evil.example", "/\n/evil.example", "javascript:alert(1)", " /x", "/x y", "/ümlaut", "/\x00", "/" + "x" * 3000,
        "/sign-in", "/sign-in?next=/sign-in", "/sign-in/oidc", "/sign-out", "/signed-out", "/api/v1/experiences",
    ],
)  # fmt: skip
def test_everything_else_is_the_first_page(address: str | None) -> None:
    assert local_address(address) == "/"


@given(st.text(st.sampled_from("/\\:.@?#%&\t\n evil.example2fF5c"), max_size=30))
def test_no_address_leads_to_another_site(address: str) -> None:
    assert urlsplit(urljoin(OURS, local_address(address)))[:2] == urlsplit(OURS)[:2]
