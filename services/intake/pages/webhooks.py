"""The webhooks of an experience: their list with the form for a new one, and the page of one with its delivery log."""

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
from services.intake.webhooks.payload import WebhookEvent
from services.intake.webhooks.register import (
    MOST_WEBHOOKS,
    WebhookRefused,
    add_webhook,
    count_waiting,
    delete_webhook,
    delivery_log,
    find_webhook,
    list_webhooks,
    replace_secret,
    send_test,
    switch_webhook,
)
from services.intake.webhooks.webhook import Webhook

router = APIRouter(prefix="/experiences/{experience_id}/settings/webhooks", include_in_schema=False)
_ONE = "/{webhook_id}"
_SHOWN = 50  # attempts


async def get_page_webhook(webhook_id: UUID, deps: DepsOf, experience: PageExperience) -> Webhook:
    """A webhook of an experience that the person administers; 404 for every other."""
    found = await find_webhook(deps, experience.id, webhook_id)
    if found is None:
        raise not_found()
    return found


PageWebhook = Annotated[Webhook, Depends(get_page_webhook)]


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
    return await _page(request, deps, experience, webhook, secret=secret)


@router.get(_ONE)
async def show_webhook(request: Request, deps: DepsOf, experience: PageExperience, mine: PageWebhook) -> Response:
    """A webhook and its delivery log."""
    return await _page(request, deps, experience, mine)


@router.post(f"{_ONE}/test", dependencies=[CsrfChecked])
async def press_test(
    request: Request, deps: DepsOf, experience: PageExperience, mine: PageWebhook, user: SignedIn
) -> Response:
    """Send a test."""
    try:
        await send_test(deps, experience.id, mine, by=user.email_key)
    except WebhookRefused as refused:
        return await _page(request, deps, experience, mine, refused=refused)
    return _back_to(experience, mine)


@router.post(f"{_ONE}/secret", dependencies=[CsrfChecked])
async def press_new_secret(
    request: Request, deps: DepsOf, experience: PageExperience, mine: PageWebhook, user: SignedIn
) -> Response:
    """A new secret; this page is the only one with it."""
    secret = await replace_secret(deps, experience.id, mine, by=user.email_key)
    return await _page(request, deps, experience, mine, secret=secret)


@router.post(f"{_ONE}/on", dependencies=[CsrfChecked])
async def press_on(deps: DepsOf, experience: PageExperience, mine: PageWebhook, user: SignedIn) -> Response:
    """Switch it on."""
    await switch_webhook(deps, experience.id, mine, on=True, by=user.email_key)
    return _back_to(experience, mine)


@router.post(f"{_ONE}/off", dependencies=[CsrfChecked])
async def press_off(deps: DepsOf, experience: PageExperience, mine: PageWebhook, user: SignedIn) -> Response:
    """Switch it off."""
    await switch_webhook(deps, experience.id, mine, on=False, by=user.email_key)
    return _back_to(experience, mine)


@router.get(f"{_ONE}/delete")
async def ask_to_delete(request: Request, experience: PageExperience, mine: PageWebhook) -> Response:
    """The question before it is deleted."""
    return render(request, "ask_delete_webhook.html", experience=experience, webhook=mine)


@router.post(f"{_ONE}/delete", dependencies=[CsrfChecked])
async def press_delete(deps: DepsOf, experience: PageExperience, mine: PageWebhook, user: SignedIn) -> Response:
    """Delete it."""
    await delete_webhook(deps, experience.id, mine, by=user.email_key)
    return RedirectResponse(f"/experiences/{experience.id}/settings/webhooks", 303)


def _back_to(experience: Experience, webhook: Webhook) -> Response:
    return RedirectResponse(f"/experiences/{experience.id}/settings/webhooks/{webhook.id}", 303)


async def _list(
    request: Request, deps: Deps, experience: Experience, *, refused: WebhookRefused | None = None, url: str = ""
) -> Response:
    return render(
        request, "webhooks.html", status=refused.status if refused else 200, experience=experience, refused=refused, url=url,
        webhooks=await list_webhooks(deps, experience.id), most=MOST_WEBHOOKS, events=list(WebhookEvent),
    )  # fmt: skip


async def _page(
    request: Request, deps: Deps, experience: Experience, webhook: Webhook, *,
    refused: WebhookRefused | None = None, secret: str = "",
) -> Response:  # fmt: skip
    now = await find_webhook(deps, experience.id, webhook.id) or webhook
    return render(
        request, "webhook.html", status=refused.status if refused else 200, experience=experience, webhook=now,
        attempts=await delivery_log(deps, webhook.id, most=_SHOWN), waiting=await count_waiting(deps, webhook.id),
        refused=refused, secret=secret,
    )  # fmt: skip
