"""First and last names: kept as people write them, in any script."""

import re

from services.validator.rules.text import TEXT_LIMIT
from shared.events import Problem
from shared.problems import problem

_BREAK = re.compile("[\t\n\r\u2028\u2029]")
# All that Unicode counts as a space, and line breaks. str.strip() would also take control characters, which are a problem.
_SPACE = " \t\n\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"


def plain_name(text: str) -> str | None:
    """The name itself if it is short, printable, has no @ and no spaces at its ends."""
    if len(text) <= TEXT_LIMIT and text.isprintable() and "@" not in text and text.strip() == text:
        return text
    return None


def interpret_name(text: str) -> str:
    """Without spaces at the ends, on one line."""
    parts = (part.strip(_SPACE) for part in _BREAK.split(text))
    return " ".join(part for part in parts if part)


def trimmed(field: str, read: str, value: str) -> Problem | None:
    """A line break or tab inside became a space. Spaces at the ends go silently."""
    return problem("value.trimmed", field) if _BREAK.search(read.strip(_SPACE)) else None


def looks_like_email(field: str, read: str, value: str) -> Problem | None:
    """A name column that holds an address is often a mixed-up column."""
    return problem("name.looks_like_email", field) if any(map(_is_like_email, value.split())) else None


def _is_like_email(word: str) -> bool:
    local, _, domain = word.rpartition("@")
    return bool(local) and "." in domain.strip(".,;:>)")
