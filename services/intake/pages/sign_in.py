"""Signing in by a link, signing out, and where somebody is signed in. Looking at a link changes nothing, because mail scanners look too: its page has one
button, and the button uses it up."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.intake.api.access import DepsOf
from services.intake.pages.csrf import check_form, check_origin
from services.intake.pages.forms import read_form
from services.intake.pages.next_address import local_address
from services.intake.pages.rate_limits import SignInsLimited
from services.intake.pages.render import render
from services.intake.pages.sessions import SignedIn, drop_session, enter, find_session
from services.intake.users.sessions import SignInWay, end_all_sessions, end_session, open_sessions
from services.intake.users.sign_in_links import person_of_link, use_link

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
async def show_sign_in(request: Request, deps: DepsOf, next: str = "") -> Response:
    """The ways to sign in here; who is signed in already goes on."""
    if await find_session(request):
        return RedirectResponse(local_address(next), 303)
    return render(request, "sign_in.html", next=local_address(next), oidc=bool(deps.settings.oidc_issuer))


@router.get("/sign-in/link", dependencies=[SignInsLimited])
async def show_link(request: Request, deps: DepsOf, token: str = "", next: str = "") -> Response:
    """What a link would do, with the button that does it."""
    await find_session(request)
    person = await person_of_link(deps.pool, token)
    if person is None:
        return _link_over(request)
    return render(request, "sign_in_link.html", person=person, token=token, next=local_address(next))


@router.post("/sign-in/link", dependencies=[SignInsLimited])
async def sign_in_by_link(request: Request) -> Response:
    """Use the link up and sign its person in."""
    check_origin(request)  # nobody is signed in by another site, not even as somebody else
    form = await read_form(request)
    response = RedirectResponse(local_address(form.get("next")), 303)
    token = form.get("token", "")
    if not await enter(request, response, lambda connection: use_link(connection, token), way=SignInWay.LINK):
        return _link_over(request)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, deps: DepsOf) -> Response:
    """End this browser's session."""
    if session := await find_session(request):
        await check_form(request)
        await end_session(deps.pool, session.token)
    return _signed_out(request)


@router.post("/sign-out-everywhere")
async def sign_out_everywhere(request: Request, deps: DepsOf) -> Response:
    """End the person's sessions in all browsers."""
    if session := await find_session(request):
        await check_form(request)
        async with deps.pool.acquire() as connection, connection.transaction():
            await end_all_sessions(connection, session.user.email_key)
    return _signed_out(request)


@router.get("/signed-out")
async def show_signed_out(request: Request) -> Response:
    """Says that it worked."""
    await find_session(request)
    return render(request, "signed_out.html")


@router.get("/account")
async def show_account(request: Request, deps: DepsOf, user: SignedIn) -> Response:
    """Who is signed in, and where else."""
    session = await find_session(request)
    return render(
        request, "account.html", sessions=await open_sessions(deps.pool, user, here=session.token if session else None)
    )


def _link_over(request: Request) -> Response:
    return render(request, "sign_in_refused.html", status=410, title="over_title", reason="over")


def _signed_out(request: Request) -> Response:
    response = RedirectResponse("/signed-out", 303)
    drop_session(request, response)
    return response
