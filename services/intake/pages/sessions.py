"""The session cookie, and what pages ask for: `SignedIn`. The sessions themselves are kept by services.intake.users.sessions."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse

from services.intake.deps import Deps
from services.intake.pages.signing import Signing
from services.intake.settings import Settings
from services.intake.users.people import Database, User
from services.intake.users.sessions import Session, SignInWay, session_of, start_session

_PURPOSE = "session"


class SignInNeeded(Exception):
    """Nobody is signed in; the way back is `next`, a local address."""

    def __init__(self, next_address: str) -> None:
        super().__init__("sign in first")
        self.next = next_address


async def find_session(request: Request) -> Session | None:
    """The session that the request's cookie names, if it lives."""
    if not hasattr(request.state, "session"):
        request.state.session = await _find(request)
    found: Session | None = request.state.session
    return found


def forget_found_session(request: Request) -> None:
    """Look anew when next asked: a request that stays open may outlive its session."""
    if hasattr(request.state, "session"):
        del request.state.session


async def signed_in(request: Request) -> User:
    """The person who is signed in; others are sent to the sign-in page and come back afterwards."""
    session = await find_session(request)
    if session is None:
        raise SignInNeeded(_way_back(request))
    return session.user


async def go_to_sign_in(_: Request, needed: Exception) -> RedirectResponse:
    """What becomes of SignInNeeded."""
    back = needed.next if isinstance(needed, SignInNeeded) else "/"
    return RedirectResponse(f"/sign-in?{urlencode({'next': back})}", status_code=303)


SignedIn = Annotated[User, Depends(signed_in)]


def who(request: Request) -> User | None:
    """Who is signed in, for pages that show themselves to everybody: None unless somebody asked before."""
    session: Session | None = getattr(request.state, "session", None)
    return session.user if session else None


async def enter(
    request: Request, response: Response, claim: Callable[[Database], Awaitable[str | None]], *, way: SignInWay
) -> bool:
    """Sign in, in this browser, whom `claim` answers (an email key, in the session's transaction): a new session, its cookie, and
    no session of before. False when it answers nobody."""
    deps: Deps = request.app.state.deps
    before = await find_session(
        request
    )  # not below: who holds a connection and waits for a second one may wait for ever
    async with deps.pool.acquire() as connection, connection.transaction():
        email_key = await claim(connection)
        if email_key is None:
            return False
        token = await start_session(
            connection, email_key, way=way, lifetime=timedelta(hours=deps.settings.session_hours),
            instead_of=before.token if before else None,
        )  # fmt: skip
    await _keep_session(request, response, token)
    return True


async def _keep_session(request: Request, response: Response, token: str) -> None:
    settings: Settings = request.app.state.deps.settings
    signing: Signing = request.app.state.signing
    response.set_cookie(
        cookie_name(settings.base_url), await signing.sign(token, purpose=_PURPOSE),
        max_age=settings.session_hours * 3600, path="/", httponly=True, samesite="lax", secure=is_https(settings.base_url),
    )  # fmt: skip


def drop_session(request: Request, response: Response) -> None:
    """Take the cookie away."""
    base_url = request.app.state.deps.settings.base_url
    response.delete_cookie(
        cookie_name(base_url), path="/", httponly=True, samesite="lax", secure=is_https(base_url)
    )  # fmt: skip


def cookie_name(base_url: str) -> str:
    """With TLS browsers guarantee by the prefix that no other host or path has set it. Without, the port tells two local
    stacks apart, which cookies do not."""
    if is_https(base_url):
        return "__Host-rollcall"
    return f"rollcall-{urlsplit(base_url).port or 80}"


def is_https(base_url: str) -> bool:
    """Do people reach the pages with TLS?"""
    return urlsplit(base_url).scheme == "https"


async def _find(request: Request) -> Session | None:
    deps: Deps = request.app.state.deps
    signing: Signing = request.app.state.signing
    cookie = request.cookies.get(cookie_name(deps.settings.base_url))
    token = await signing.read(cookie, purpose=_PURPOSE) if cookie else None
    return await session_of(deps.pool, token) if token else None


def _way_back(request: Request) -> str:
    """The page that was asked for; the page with the button, if one was pressed."""
    if request.method != "GET":
        came_from = urlsplit(request.headers.get("referer", ""))
        ours = came_from.netloc == urlsplit(request.app.state.deps.settings.base_url).netloc
        query = f"?{came_from.query}" if came_from.query else ""
        return (came_from.path or "/") + query if ours else "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
