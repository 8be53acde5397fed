"""Which dead letters are asked for, from an address or a form. Strict: a filter that is not understood must not become none,
because what fits is put back. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from services.intake.api.errors import ApiError
from shared.kafka.dead_letters import ALL, Wanted
from shared.topics import TOPICS, Topic

_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,100}")  # what reasons of ours are made of


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedLetters:
    """Dead letters of one topic."""

    topic: Topic
    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def wanted(self) -> Wanted:
        """The same for those who read them."""
        return Wanted(
            reason=self.reason,
            since=_milliseconds(self.since) if self.since else ALL.since,
            until=_milliseconds(self.until) if self.until else ALL.until,
        )

    @property
    def fields(self) -> dict[str, str]:
        """The same for an address or a form."""
        times = {"since": self.since, "until": self.until}
        return {
            "topic": self.topic.name,
            **({"reason": self.reason} if self.reason else {}),
            **{
                name: moment.replace(tzinfo=None).isoformat(timespec="seconds")
                for name, moment in times.items()
                if moment
            },
        }

    @property
    def query(self) -> str:
        """The same for an address."""
        return urlencode(self.fields)


def asked_letters(given: Mapping[str, str]) -> AskedLetters:
    """What the fields say. Raises ApiError for what is no topic, no reason or no time."""
    topic = topic_named(given.get("topic", ""))
    reason = given.get("reason", "").strip()
    if topic is None or (reason and not is_code(reason)):
        raise _not_understood("topic" if topic is None else "reason")
    return AskedLetters(topic=topic, reason=reason, since=_time(given, "since"), until=_time(given, "until"))


def topic_named(name: str) -> Topic | None:
    """The topic with this name."""
    return next((topic for topic in TOPICS if topic.name == name), None)


def is_code(reason: str) -> bool:
    """Whether it can be a reason of ours. Others can write anything there."""
    return _CODE.fullmatch(reason) is not None


def offset_of(given: Mapping[str, str], name: str) -> int | None:
    """An offset, if one is named."""
    text = given.get(name, "")
    if text and not is_offset(text):
        raise _not_understood(name)
    return int(text) if text else None


def is_offset(text: str) -> bool:
    """Whether the broker could count so far."""
    return text.isascii() and text.isdecimal() and len(text) < 19


def _time(given: Mapping[str, str], name: str) -> datetime | None:
    text = given.get(name, "").strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _not_understood(name) from None


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _not_understood(field: str) -> ApiError:
    return ApiError(422, "filter.invalid", f"The {field} is not one. Go back and correct it; nothing was done.")
