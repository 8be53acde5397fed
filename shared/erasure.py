"""Erasing one person: how they are recognised in texts, and what is said of each place they were found in. Who owns a place erases
there: each service's `erase_person.py`."""

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

import idna

from shared.email_key import email_key

ERASED = "(erased)"  # instead of an address in a text about somebody or something else


class NobodyError(ValueError):
    """What was given is no address."""


class Deed(StrEnum):
    """What became of a place."""

    ERASED = "erased"
    KEPT = "kept"  # the note says why and until when
    LEFT = "left"  # cannot be erased now: erase again


@dataclass(frozen=True, slots=True)
class Line:
    """What was done in one place."""

    place: str
    deed: Deed
    count: int
    note: str = ""
    until: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {**asdict(self), "deed": str(self.deed), "until": self.until.isoformat() if self.until else None}


@dataclass(frozen=True)
class Person:
    """Whom to erase."""

    key: str  # email key

    @classmethod
    def of(cls, email: str) -> "Person":
        """Raises NobodyError."""
        key = email_key(email)
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", key):
            raise NobodyError(email)
        return cls(key)

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """The address as it may be written, in lower case: with the domain in its own letters, too."""
        local, _, domain = self.key.rpartition("@")
        try:
            own = idna.decode(domain)
        except idna.IDNAError:
            own = domain
        return tuple(dict.fromkeys((self.key, f"{local}@{own}")))

    @cached_property
    def likes(self) -> list[str]:
        """Patterns for SQL's `like` that find texts which may name the person."""
        escaped = (re.sub(r"([\\%_])", r"\\\1", form) for form in self.forms)
        return [f"%{form}%" for form in escaped]

    @cached_property
    def _named(self) -> re.Pattern[str]:
        """Not as the end or the beginning of somebody else's address."""
        forms = "|".join(re.escape(form) for form in self.forms)
        return re.compile(rf"(?<![\w.+%-])(?:{forms})(?![\w-]|\.\w)", re.IGNORECASE)

    def is_named_in(self, text: str) -> bool:
        """Whether a text is their address, in any spelling, or has it."""
        return email_key(text) == self.key or bool(self._named.search(text))

    def taken_out_of(self, text: str) -> str:
        """The text without their address."""
        return "" if email_key(text) == self.key else self._named.sub(ERASED, text)
