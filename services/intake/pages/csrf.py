"""Only our own pages may change something in the name of who is signed in: a token that other sites cannot know, and the
browser's word on where a request comes from."""

import hmac
from urllib.parse import urlsplit

from fastapi import Depends, Request

from services.intake.api.errors import ApiError
from services.intake.pages.forms import read_form
from services.intake.pages.sessions import SignedIn
from services.intake.users.sessions import Session

HEADER = "X-CSRF-Token"
FIELD = "csrf"


def csrf_token(request: Request) -> str:
    """What forms put into the hidden field `csrf` and scripts into the header; empty when nobody is signed in."""
    session: Session | None = getattr(request.state, "session", None)
    return session.csrf if session else ""


async def csrf_checked(request: Request, _: SignedIn) -> None:
    """Send who is not signed in to sign in, and refuse a POST form that does not come from our pages."""
    await check_form(request)


async def check_form(request: Request) -> None:
    """Refuse a POST form that does not come from our pages."""
    sent = request.headers.get(HEADER) or (await read_form(request)).get(FIELD, "")
    check_csrf(request, sent)


CsrfChecked = Depends(csrf_checked)


def check_csrf(request: Request, sent: str | None) -> None:
    """Refuse what another site could have sent. `sent` is the token that came along (for forms that stream)."""
    check_origin(request)
    token = csrf_token(request)
    if not token or not hmac.compare_digest(token.encode(), (sent or "").encode()):
        raise _refused()


def check_origin(request: Request) -> None:
    """Refuse what a browser says comes from elsewhere. What says nothing is no browser of today, and has no cookies."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise _refused()
    origin = request.headers.get("origin")
    if site is None and origin is not None and urlsplit(origin).netloc not in _our_hosts(request):
        raise _refused()


def _our_hosts(request: Request) -> tuple[str, str]:
    return urlsplit(request.app.state.deps.settings.base_url).netloc, request.headers.get("host", "")


def _refused() -> ApiError:
    return ApiError(
        403, "auth.csrf", "This did not come from our pages, or they were open too long; reload and try again."
    )
