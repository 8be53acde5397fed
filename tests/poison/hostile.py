"""Events that nobody should have written: bytes, shapes and claims, thrown by dice. None is a well-formed claim about a
row that is really asked about; such a one cannot be told from the truth, and only the broker's access rights stop it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from shared.kafka.publish import Message

HUGE_BYTES = 250_000  # in up to five fields; some become too large for the topic
_TIMES = ("yesterday", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-13-45", "2026-01-01", "1e400", "")
_WORDS = ("", "of-tomorrow", "DROP TABLE records", "\x00", "created\n")


@dataclass(frozen=True, slots=True)
class Known:
    """What the hostile know of the system: an import at work and one that is over, with their experience."""

    running: str
    finished: str
    experience: str


class Hostile:
    """Makes hostile events of one kind, from an event as it should be."""

    def __init__(self, event: dict[str, Any], known: Known, dice: Random) -> None:
        self._event = event
        self._known = known
        self._dice = dice

    def message(self) -> Message:
        dice = self._dice
        key = dice.choice((b"key", b"\xff\xfe", b"", None, b"\x00" * 40, "é@example.org".encode()))
        headers = (("type", dice.randbytes(8)), ("é", b"")) if dice.random() < 0.3 else ()
        if dice.random() < 0.002:
            return Message(key, self._json(_filled(self._forged(), "x" * HUGE_BYTES)), headers=headers)
        make: Callable[[], bytes | None] = dice.choice((self._bytes, self._shape, self._claim))
        return Message(key, make(), headers=headers)

    def _bytes(self) -> bytes | None:
        whole = self._json(self._forged())
        return self._dice.choice(
            (
                None, b"", self._dice.randbytes(50), whole[: self._dice.randrange(len(whole))], b"\xff\xfe" + whole,
                b"[" * 50_000, b'{"a":' * 5_000, whole + whole, b"NaN", b"null", b"[]", b'"text"', whole.replace(b'"', b"'"),
            )
        )  # fmt: skip

    def _shape(self) -> bytes:
        """A field gone, or of another type."""
        event = self._forged()
        field = self._dice.choice(sorted(event))
        if self._dice.random() < 0.3:
            del event[field]
            return self._json(event)
        wrong = self._dice.choice(('{"x": 1}', "[[]]", "9" * 400, "-1e999", "NaN", "Infinity", "1.5", "true", "null"))
        event[field] = "@@"
        return self._json(event).replace(b'"@@"', wrong.encode())

    def _claim(self) -> bytes:
        """Of the right shape, and about something that is not so."""
        event, dice = self._forged(), self._dice
        lies = {
            "row": (0, 1, -5, 2**31, 2**63, 900_000_000), "at": _TIMES, "import_id": (*_WORDS, "../../etc", "0" * 4000),
            "outcome": _WORDS, "status": _WORDS, "plan": _WORDS, "kind": _WORDS, "account_id": (-1, 2**63, 2**200),
            "email_key": ("\x00", "\ud800", "x" * 5000), "experience_id": ("\x00", "none", str(UUID(int=5))),
        }  # fmt: skip
        field = dice.choice([name for name in lies if name in event])
        event[field] = dice.choice(lies[field])
        if "row" in event:  # whatever else is wrong: about no row that is asked about
            event["import_id"] = dice.choice((event["import_id"], self._known.running, self._known.finished))
            event["row"] = event["row"] if field == "row" else 900_000_000 + dice.randrange(1000)
            event["experience_id"] = event.get("experience_id") if field == "experience_id" else self._known.experience
        return self._json(event)

    def _forged(self) -> dict[str, Any]:
        """As it should be, but about an import that is not there and a person who is nobody."""
        stranger = f"forged{self._dice.randrange(10**9)}@example.org"
        changes = {
            "import_id": str(UUID(int=self._dice.getrandbits(128))), "email_key": stranger, "values": {"email": "other@example.org"},
            "outcome": "unchanged", "type": "ImportPaused", "status": self._event.get("status"),
        }  # fmt: skip
        return {name: changes.get(name, value) for name, value in self._event.items()}

    def _json(self, event: dict[str, Any]) -> bytes:
        return json.dumps(event).encode()


def _filled(event: dict[str, Any], text: str) -> dict[str, Any]:
    return {**event, "cells": [text], "values": {"email": text}, "experience_name": text, "reason": text, "role": text}
