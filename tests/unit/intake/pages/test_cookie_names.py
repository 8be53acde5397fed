"""How the session cookie is called."""

import pytest

from services.intake.pages.sessions import cookie_name


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        ("https://rollcall.example.org", "__Host-rollcall"),
        ("https://rollcall.example.org:8443/", "__Host-rollcall"),
        ("http://127.0.0.1:8000", "rollcall-8000"),
        ("http://127.0.0.1:8001", "rollcall-8001"),  # cookies ignore ports, two local stacks must not
        ("http://rollcall", "rollcall-80"),
    ],
)
def test_the_cookie_is_bound_to_its_host_by_prefix_or_port(base_url: str, name: str) -> None:
    assert cookie_name(base_url) == name
