"""A webhook as its experience's administrators see it, and the line of its log. Pure."""

from collections.abc import Sequence
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
    kept: bool  # its delivery is still here and can be sent again

    @property
    def accepted(self) -> bool:
        """The receiver has it."""
        return self.http_status is not None and 200 <= self.http_status < 300


def repeatable(attempts: Sequence[Attempt]) -> set[int]:
    """Where in a log, newest first, an event can be delivered again: at its newest attempt."""
    newest: dict[str, int] = {}
    for place, attempt in enumerate(attempts):
        newest.setdefault(attempt.event_id, place)
    return {place for place in newest.values() if attempts[place].kept}
