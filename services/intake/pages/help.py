"""The guide, and the page that welcome mails lead to: for everybody, signed in or not."""

from fastapi import APIRouter, Request, Response

from services.intake.api.access import DepsOf
from services.intake.pages.render import render
from services.intake.pages.sessions import find_session

router = APIRouter(include_in_schema=False)


@router.get("/welcome")
async def show_welcome(request: Request, deps: DepsOf) -> Response:
    """Next steps for a new account's owner. The address has ids only; nothing is looked up by them, so nothing leaks."""
    await find_session(request)
    return render(request, "welcome.html", platform_url=deps.settings.platform_url)
