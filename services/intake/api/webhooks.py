"""Webhooks of an experience: registered, looked at, tested, switched, deleted."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.intake.api.access import Caller, DepsOf, MyExperience, ask_who
from services.intake.api.errors import ApiError, not_found
from services.intake.api.webhook_schemas import (
    AttemptList,
    DeliveryAgain,
    NewSecret,
    NewWebhook,
    RegisteredWebhook,
    ShownWebhook,
    WebhookList,
)
from services.intake.webhooks.own_webhook import OwnWebhook, find_own_webhook
from services.intake.webhooks.register import (
    WebhookRefused,
    add_webhook,
    count_waiting,
    delivery_log,
    list_webhooks,
)
from shared.access_first import access_first

router = APIRouter(
    prefix="/experiences/{experience_id}/webhooks", tags=["Webhooks"], route_class=access_first(ask_who)
)  # fmt: skip
_ONE = "/{webhook_id}"
_FULL: dict[int | str, dict[str, Any]] = {409: {"description": "The experience has as many as it may."}}
_OFF: dict[int | str, dict[str, Any]] = {409: {"description": "It is off."}}
_UNTESTED: dict[int | str, dict[str, Any]] = {409: {"description": "It is off, or a test is on its way."}}


async def get_my_webhook(webhook_id: UUID, experience_id: MyExperience, deps: DepsOf, caller: Caller) -> OwnWebhook:
    """A webhook of an experience that the caller administers; 404 for every other."""
    found = await find_own_webhook(deps, experience_id, webhook_id, by=caller.email_key)
    if found is None:
        raise not_found()
    return found


MyWebhook = Annotated[OwnWebhook, Depends(get_my_webhook)]


@router.get("", response_model=WebhookList)
async def list_webhooks_of_experience(experience_id: MyExperience, deps: DepsOf) -> object:
    """The experience's webhooks, oldest first. Their secrets are not shown."""
    return {"items": await list_webhooks(deps, experience_id)}


@router.post("", status_code=201, response_model=RegisteredWebhook, responses=_FULL)
async def register_webhook(new: NewWebhook, experience_id: MyExperience, deps: DepsOf, caller: Caller) -> object:
    """Have an address called when imports are ready or completed. The answer is the only time the secret is shown."""
    try:
        webhook, secret = await add_webhook(deps, experience_id, url=new.url, events=new.events, by=caller.email_key)
    except WebhookRefused as refused:
        raise _said(refused) from None
    return {**ShownWebhook.model_validate(webhook, from_attributes=True).model_dump(), "secret": secret}


@router.get(_ONE, response_model=ShownWebhook)
async def show_webhook(mine: MyWebhook) -> object:
    """A webhook: on or off, since when, and whether it works."""
    return mine.webhook


@router.delete(_ONE, status_code=204)
async def delete_a_webhook(mine: MyWebhook) -> Response:
    """Delete a webhook, with its log and what waits for it."""
    await mine.delete()
    return Response(status_code=204)


@router.get(f"{_ONE}/attempts", response_model=AttemptList)
async def show_delivery_log(mine: MyWebhook, deps: DepsOf) -> object:
    """The delivery log: the last 100 attempts, newest first."""
    return {"items": await delivery_log(deps, mine.webhook.id), "waiting": await count_waiting(deps, mine.webhook.id)}


@router.post(f"{_ONE}/test", status_code=202, response_model=ShownWebhook, responses=_UNTESTED)
async def send_test_to_webhook(mine: MyWebhook) -> object:
    """Send an event of the type `webhook.test`, once; the delivery log tells what came of it."""
    try:
        await mine.send_test()
    except WebhookRefused as refused:
        raise _said(refused) from None
    return mine.webhook


@router.post(f"{_ONE}/deliveries", status_code=202, response_model=ShownWebhook, responses=_OFF)
async def deliver_to_webhook_again(again: DeliveryAgain, mine: MyWebhook) -> object:
    """Deliver an event once more, or at once if it waits: the same body under the same `webhook-id`, by which the receiver
    knows it."""
    try:
        await mine.deliver_again(again.event_id)
    except WebhookRefused as refused:
        raise _said(refused) from None
    return mine.webhook


@router.post(f"{_ONE}/secret", status_code=201, response_model=NewSecret)
async def replace_webhook_secret(mine: MyWebhook) -> object:
    """A new secret. For 24 hours everything is signed with the old one, too."""
    return {"secret": await mine.replace_secret()}


@router.post(f"{_ONE}/on", response_model=ShownWebhook)
async def switch_webhook_on(mine: MyWebhook) -> object:
    """Have it called again, for what happens from now on."""
    await mine.switch(on=True)
    return await mine.now()


@router.post(f"{_ONE}/off", response_model=ShownWebhook)
async def switch_webhook_off(mine: MyWebhook) -> object:
    """Have it called no more. What waits for it is given up."""
    await mine.switch(on=False)
    return await mine.now()


def _said(refused: WebhookRefused) -> ApiError:
    return ApiError(refused.status, refused.code, refused.message)
