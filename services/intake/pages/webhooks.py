"""The webhooks of an experience: their list with the form for a new one, and the page of one with its delivery log."""

from collections.abc import Coroutine
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from services.intake.api.access import DepsOf
from services.intake.api.errors import not_found
from services.intake.deps import Deps
from services.intake.pages.access import PageExperience
from services.intake.pages.csrf import CsrfChecked
from services.intake.pages.forms import read_form
from services.intake.pages.render import render
from services.intake.pages.sessions import SignedIn
from services.intake.users.people import Experience
from services.intake.webhooks.own_webhook import OwnWebhook, find_own_webhook
from services.intake.webhooks.payload import WebhookEvent
from services.intake.webhooks.register import (
    MOST_WEBHOOKS,
    WebhookRefused,
    add_webhook,
    count_waiting,
    delivery_log,
    list_webhooks,
)
from services.intake.webhooks.webhook import repeatable

router = APIRouter(prefix="/experiences/{experience_id}/settings/webhooks", include_in_schema=False)
_ONE = "/{webhook_id}"
_SHOWN = 50  # attempts


async def get_page_webhook(
    webhook_id: UUID, deps: DepsOf, experience: PageExperience, user: SignedIn
) -> OwnWebhook:  # fmt: skip
    """A webhook of an experience that the person administers; 404 for every other."""
    found = await find_own_webhook(deps, experience.id, webhook_id, by=user.email_key)
    if found is None:
        raise not_found()
    return found


PageWebhook = Annotated[OwnWebhook, Depends(get_page_webhook)]


@router.get("")
async def show_webhooks(request: Request, deps: DepsOf, experience: PageExperience) -> Response:
    """The webhooks, and the form for a new one."""
    return await _list(request, deps, experience)


@router.post("", dependencies=[CsrfChecked])
async def submit_new_webhook(request: Request, deps: DepsOf, experience: PageExperience, user: SignedIn) -> Response:
    """Register an address; the page that follows is the only one with the secret."""
    form = await read_form(request)
    url = form.get("url", "")
    events = [event for event in WebhookEvent if event in form]
    try:
        webhook, secret = await add_webhook(deps, experience.id, url=url, events=events, by=user.email_key)
    except WebhookRefused as refused:
        return await _list(request, deps, experience, refused=refused, url=url)
    return await _page(request, experience, OwnWebhook(deps, experience.id, webhook, user.email_key), secret=secret)


@router.get(_ONE)
async def show_webhook(request: Request, experience: PageExperience, mine: PageWebhook) -> Response:
    """A webhook and its delivery log."""
    return await _page(request, experience, mine)


@router.post(f"{_ONE}/test", dependencies=[CsrfChecked])
async def press_test(request: Request, experience: PageExperience, mine: PageWebhook) -> Response:
    """Send a test."""
    return await _press(request, experience, mine, mine.send_test())


@router.post(f"{_ONE}/deliveries", dependencies=[CsrfChecked])
async def press_again(request: Request, experience: PageExperience, mine: PageWebhook) -> Response:
    """Deliver an event again."""
    form = await read_form(request)
    return await _press(request, experience, mine, mine.deliver_again(form.get("event_id", "")))


@router.post(f"{_ONE}/secret", dependencies=[CsrfChecked])
async def press_new_secret(request: Request, experience: PageExperience, mine: PageWebhook) -> Response:
    """A new secret; this page is the only one with it."""
    return await _page(request, experience, mine, secret=await mine.replace_secret())


@router.post(f"{_ONE}/on", dependencies=[CsrfChecked])
async def press_on(request: Request, experience: PageExperience, mine: PageWebhook) -> Response:
    """Switch it on."""
    return await _press(request, experience, mine, mine.switch(on=True))


@router.post(f"{_ONE}/off", dependencies=[CsrfChecked])
async def press_off(request: Request, experience: PageExperience, mine: PageWebhook) -> Response:
    """Switch it off."""
    return await _press(request, experience, mine, mine.switch(on=False))


@router.get(f"{_ONE}/delete")
async def ask_to_delete(request: Request, experience: PageExperience, mine: PageWebhook) -> Response:
    """The question before it is deleted."""
    return render(request, "ask_delete_webhook.html", experience=experience, webhook=mine.webhook)


@router.post(f"{_ONE}/delete", dependencies=[CsrfChecked])
async def press_delete(experience: PageExperience, mine: PageWebhook) -> Response:
    """Delete it."""
    await mine.delete()
    return RedirectResponse(f"/experiences/{experience.id}/settings/webhooks", 303)


async def _press(
    request: Request, experience: Experience, mine: OwnWebhook, pressed: Coroutine[None, None, None]
) -> Response:
    try:
        await pressed
    except WebhookRefused as refused:
        return await _page(request, experience, mine, refused=refused)
    return RedirectResponse(f"/experiences/{experience.id}/settings/webhooks/{mine.webhook.id}", 303)


async def _list(
    request: Request, deps: Deps, experience: Experience, *, refused: WebhookRefused | None = None, url: str = ""
) -> Response:
    return render(
        request, "webhooks.html", status=refused.status if refused else 200, experience=experience, refused=refused, url=url,
        webhooks=await list_webhooks(deps, experience.id), most=MOST_WEBHOOKS, events=list(WebhookEvent),
    )  # fmt: skip


async def _page(
    request: Request,
    experience: Experience,
    mine: OwnWebhook,
    *,
    refused: WebhookRefused | None = None,
    secret: str = "",
) -> Response:
    # First: a page that nothing renews shows what came of the last one.
    waiting = await count_waiting(mine.deps, mine.webhook.id)
    webhook = await mine.now()
    attempts = await delivery_log(mine.deps, webhook.id, most=_SHOWN)
    return render(
        request, "webhook.html", status=refused.status if refused else 200, experience=experience, webhook=webhook,
        attempts=attempts, repeatable=repeatable(attempts) if webhook.is_on else set(),
        waiting=waiting, refused=refused, secret=secret,
    )  # fmt: skip
