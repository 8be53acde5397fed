"""The bodies of the API about webhooks."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from services.intake.webhooks.addresses import LONGEST_URL
from services.intake.webhooks.payload import WebhookEvent
from services.intake.webhooks.webhook import OffReason

_NEW: dict[str, JsonValue] = {
    "url": "https://hooks.northfield-college.org/rollcall",
    "events": ["import.ready", "import.completed"],
}


class NewWebhook(BaseModel):
    """An address to be called."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NEW]})

    url: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_URL)] = Field(
        description="`https`, on a public address."
    )
    events: list[WebhookEvent] = Field(min_length=1, max_length=len(WebhookEvent))


class ShownWebhook(BaseModel):
    """An address that is called."""

    id: UUID
    url: str
    events: list[WebhookEvent]
    created_at: datetime
    off_since: datetime | None = Field(description="Null: it is on.")
    off_reason: OffReason | None
    failing_since: datetime | None = Field(description="The first failure with no success after it.")
    old_secret_until: datetime | None = Field(description="Until then the secret before signs, too.")


class NewSecret(BaseModel):
    """A secret, shown this one time."""

    secret: str = Field(description="`whsec_…`, as libraries for Standard Webhooks take it.")


class RegisteredWebhook(ShownWebhook, NewSecret):
    """An address that is called from now on, with its secret."""


class WebhookList(BaseModel):
    """The webhooks of an experience, oldest first."""

    items: list[ShownWebhook]


class DeliveryAgain(BaseModel):
    """Which event to deliver again."""

    event_id: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="As the delivery log names it.",
        examples=["018f6f1e-6a3c-7c7e-9a53-2f1d5b0f8a11/ImportCompleted"],
    )


class ShownAttempt(BaseModel):
    """One try to deliver one event."""

    event_id: str = Field(description="The header `webhook-id`.")
    type: str
    at: datetime
    http_status: int | None = Field(description="Null: there was no answer.")
    error: str | None = Field(description="Why not: no_public_address, no_connection, not_secure, not_http, timeout.")
    kept: bool = Field(description="Its body is still here: it can be delivered again.")
    next_at: datetime | None = Field(description="When it is tried again; null: it was delivered, or given up.")


class AttemptList(BaseModel):
    """The last attempts, newest first."""

    items: list[ShownAttempt]
    waiting: int = Field(description="Deliveries that wait, counted up to 1,000.")
