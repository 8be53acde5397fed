"""How far a topic's dead letters were put back: all of them, and those of single reasons. Kept where the broker keeps
offsets of groups: the offset is for all, the text beside it for reasons."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

_MOST_REASONS = 50  # the broker takes 4,096 bytes of text
_MOST_CHARACTERS = 60  # of a reason; ours are shorter


@dataclass(frozen=True, slots=True)
class Replayed:
    """Letters before these offsets were put back."""

    upto: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)

    def covers(self, offset: int, reason: str) -> bool:
        """Whether the letter at this offset was put back."""
        return offset < self.mark(reason)

    def mark(self, reason: str = "") -> int:
        """The first offset that was not put back; of a reason, or of all."""
        return max(self.upto, self.reasons.get(reason, 0))

    def moved(self, upto: int, reason: str = "") -> "Replayed":
        """With one more step done."""
        if not reason:
            upto = max(upto, self.upto)
            return Replayed(upto, {name: mark for name, mark in self.reasons.items() if mark > upto})
        if len(reason) > _MOST_CHARACTERS or (len(self.reasons) == _MOST_REASONS and reason not in self.reasons):
            return self
        return Replayed(self.upto, {**self.reasons, reason: max(upto, self.mark(reason))})

    def to_text(self) -> str:
        """The reasons, to keep beside the offset."""
        return json.dumps(dict(self.reasons)) if self.reasons else ""


def replayed_from(upto: int, text: str) -> Replayed:
    """What was kept. Anything else that stands there is nothing of ours."""
    try:
        found = json.loads(text) if text else {}
        return Replayed(upto, {str(reason): int(mark) for reason, mark in found.items()})
    except (ValueError, TypeError, AttributeError):
        return Replayed(upto)
