"""Signing in with the organisation's OpenID Connect provider: there, and back. People must be known here already; the
provider says who they are, not what they may."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.intake.api.access import DepsOf
from services.intake.api.errors import not_found
from services.intake.deps import Deps
from services.intake.pages.next_address import local_address
from services.intake.pages.oidc_claims import Refusal, email_of
from services.intake.pages.oidc_provider import NotCompleted, Provider, ProviderAway
from services.intake.pages.rate_limits import SignInsLimited
from services.intake.pages.render import render
from services.intake.pages.sessions import cookie_name, enter, find_session, is_https
from services.intake.pages.signing import Signing
from services.intake.users.people import Database
from services.intake.users.sessions import SignInWay, new_secret
from services.intake.users.sign_in_links import known_user

log = structlog.get_logger()

router = APIRouter(include_in_schema=False)

BACK = "/sign-in/oidc/back"
_PURPOSE = "oidc"
_FLOW_SECONDS = 600  # from leaving for the provider to being back


def open_provider(deps: Deps) -> Provider | None:
    """The provider that the settings name."""
    return Provider(deps.settings) if deps.settings.oidc_issuer else None


@router.get("/sign-in/oidc", dependencies=[SignInsLimited])
async def go_to_provider(request: Request, deps: DepsOf, next: str = "") -> Response:
    """Send the person to the provider, and remember in a cookie of this sign-in what has to match afterwards."""
    provider = _provider(request)
    state = new_secret()
    request.scope["session"] = flow = {"next": local_address(next)}
    try:
        response = await provider.send_there(request, back=deps.settings.base_url.rstrip("/") + BACK, state=state)
    except ProviderAway as away:
        return await _refuse(request, Refusal.PROVIDER_AWAY, str(away))
    signing: Signing = request.app.state.signing
    response.set_cookie(
        _flow_cookie(deps, state), await signing.sign(_packed(flow), purpose=_PURPOSE), max_age=_FLOW_SECONDS, path="/",
        httponly=True, samesite="lax", secure=is_https(deps.settings.base_url),
    )  # fmt: skip
    return response


@router.get(BACK, dependencies=[SignInsLimited])
async def come_back(request: Request, deps: DepsOf, state: str = "") -> Response:
    """Sign in whom the provider vouches for, if they are known here."""
    provider = _provider(request)
    request.scope["session"] = flow = await _flow(request, deps, state)
    way_on = local_address(flow.get("next"))
    try:
        claims = await provider.claims(request)
    except ProviderAway as away:
        return await _refuse(request, Refusal.PROVIDER_AWAY, str(away))
    except NotCompleted as incomplete:
        return await _refuse(request, Refusal.NOT_COMPLETED, str(incomplete))
    email = email_of(claims, trust_unverified=deps.settings.oidc_trust_unverified_email)
    if isinstance(email, Refusal):
        return await _refuse(request, email)
    response = RedirectResponse(way_on, 303)
    if not await enter(request, response, lambda connection: _known(connection, email), way=SignInWay.OIDC):
        return await _refuse(request, Refusal.UNKNOWN)
    response.delete_cookie(
        _flow_cookie(deps, state), path="/", httponly=True, samesite="lax", secure=is_https(deps.settings.base_url)
    )  # fmt: skip
    return response


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise not_found()
    return provider


async def _known(database: Database, email: str) -> str | None:
    user = await known_user(database, email)
    return user.email_key if user else None


async def _refuse(request: Request, why: Refusal, detail: str = "") -> Response:
    log.info("sign_in.refused", reason=why.removeprefix("refused_"), detail=detail)
    await find_session(request)
    status = 503 if why == Refusal.PROVIDER_AWAY else 403
    return render(request, "sign_in_refused.html", status=status, title="refused_title", reason=why.value)


async def _flow(request: Request, deps: Deps, state: str) -> dict[str, Any]:
    """What was remembered of the sign-in with this state; empty when this browser has not begun it, or too long ago."""
    signing: Signing = request.app.state.signing
    cookie = request.cookies.get(_flow_cookie(deps, state), "")
    packed = await signing.read(cookie, purpose=_PURPOSE, seconds=_FLOW_SECONDS)
    return dict(json.loads(urlsafe_b64decode(packed))) if packed else {}


def _packed(flow: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(flow).encode()).decode()


def _flow_cookie(deps: Deps, state: str) -> str:
    # One per sign-in, so that two tabs do not take each other's.
    return f"{cookie_name(deps.settings.base_url)}-{''.join(filter(str.isalnum, state))[:8]}"
