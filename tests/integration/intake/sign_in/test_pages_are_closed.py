"""Every page there is: closed to who is not signed in, and no button works without its CSRF token."""

import re
import uuid

from fastapi import APIRouter
from fastapi.routing import APIRoute

from services.intake.api.http import API
from tests.integration.intake.sign_in.site import Site

OPEN = {
    "/help",
    "/welcome",
    "/sign-in",
    "/sign-in/link",
    "/sign-in/oidc",
    "/sign-in/oidc/back",
    "/signed-out",
    "/static/{_version}/{name}",
}
UPLOAD = {"files": {"file": ("learners.csv", b"Email\r\na@b.com\r\n")}}
OPEN_BUTTONS = {"/sign-in/link"}  # its token is the link's


def _routes(site: Site, method: str) -> list[str]:
    """The pages' own addresses with this method; each router that the app includes, but the API's."""
    routers = [
        router for route in site.app.routes if isinstance(router := getattr(route, "original_router", None), APIRouter)
    ]
    pages = [route for router in routers if router.prefix != API for route in router.routes]
    return [route.path for route in pages if isinstance(route, APIRoute) and method in route.methods]


def _filled(path: str) -> str:
    return re.sub(r"{(\w+)(:\w+)?}", str(uuid.uuid4()), path)


async def test_a_page_sends_who_is_not_signed_in_to_sign_in(site: Site) -> None:
    closed = [path for path in _routes(site, "GET") if path not in OPEN]
    assert len(closed) >= 8
    for path in closed:
        answer = await site.browser().get(_filled(path))
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/sign-in?next="), path


async def test_what_is_not_mine_is_not_there(site: Site) -> None:
    browser = await site.signed_in("somebody.else@northfield-college.org")
    for path in _routes(site, "GET"):
        if "{experience_id}" in path or "{import_id}" in path:
            mine = path.replace("{experience_id}", site.people["experience_id"])
            assert (await browser.get(_filled(mine))).status_code == 404, path


async def test_no_button_works_without_the_csrf_token(site: Site) -> None:
    browser = await site.signed_in()
    csrf = await browser.csrf()
    buttons = set(_routes(site, "POST")) - OPEN_BUTTONS
    assert len(buttons) >= 5
    for path in buttons:
        address = _filled(path.replace("{experience_id}", site.people["experience_id"]))
        more = UPLOAD if path.endswith("/settings/imports") else {}
        type_ = {"type": "experience-learners"} if more else {}
        assert (await browser.submit(address, type_, **more)).status_code == 403, path
        assert (await browser.submit(address, {"csrf": "made-up", **type_}, **more)).status_code == 403, path
        elsewhere = {"Sec-Fetch-Site": "cross-site"}
        assert (await browser.submit(address, {"csrf": csrf, **type_}, headers=elsewhere, **more)).status_code == 403, (
            path
        )
    assert await browser.is_signed_in()
    assert await site.deps.pool.fetchval("select count(*) from imports") == 0
