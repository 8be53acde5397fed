"""A webhook as its experience's administrators see it, and the line of its log. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class OffReason(StrEnum):
    """Why a webhook is switched off."""

    PERSON = "person"  # somebody pressed the button
    GONE = "gone"  # its server answered 410
    FAILING = "failing"  # nothing but failures for days


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address that is called, without its secret."""

    id: UUID
    url: str
    events: list[str]
    created_at: datetime
    off_since: datetime | None
    off_reason: OffReason | None
    failing_since: datetime | None  # the first failure with no success after it
    old_secret_until: datetime | None

    @property
    def is_on(self) -> bool:
        """Is it called?"""
        return self.off_since is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to deliver one event."""

    event_id: str
    type: str
    at: datetime
    http_status: int | None
    error: str | None
    next_at: datetime | None  # None: it was the last one

    @property
    def accepted(self) -> bool:
        """The receiver has it."""
        return self.http_status is not None and 200 <= self.http_status < 300
