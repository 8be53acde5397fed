"""Rules for text of any kind."""

import re

from shared.events import Problem
from shared.problems import problem

TEXT_LIMIT = 256  # characters
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # tab and line breaks have rules of their own


def too_long(field: str, read: str, value: str) -> Problem | None:
    """Counts what is left after interpretation."""
    if len(value) <= TEXT_LIMIT:
        return None
    return problem("value.too_long", field, length=len(value), limit=TEXT_LIMIT)


def control_characters(field: str, read: str, value: str) -> Problem | None:
    """Looks at the text as read: those at its ends are a sign of a broken export too."""
    return problem("value.control_characters", field) if _CONTROL.search(read) else None
