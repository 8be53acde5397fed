"""What a record's bytes may show of themselves to whoever should see no personal data: their form, and words of ours."""

import dataclasses
import json
import re
from typing import Any

from shared.topics import TOPICS

_LENGTH = 300  # characters shown
_BYTES = 20_000  # looked at; more is only masked
_CHARACTER = re.compile(r"\w")
_OPEN_FIELDS = frozenset(
    ("import_id", "experience_id", "type", "import_type", "status", "plan", "outcome", "kind", "at", "code", "level", "emails")
)  # fmt: skip
_OWN_WORD = re.compile(r"[A-Za-z0-9:.+\-]{0,40}")  # ids, codes, times; no address, no name with spaces
_NAMES = frozenset(field.name for topic in TOPICS for field in dataclasses.fields(topic.event)) | _OPEN_FIELDS


def masked(value: bytes | None) -> str:
    """The value with an `x` for every character that may be personal. Numbers are kept where they are values."""
    if value is None:
        return ""
    try:
        text = json.dumps(_masked(json.loads(value[:_BYTES])), ensure_ascii=False)
    except (ValueError, RecursionError):
        text = _crossed(value[:_LENGTH].decode(errors="replace"))
    return text[:_LENGTH] + ("…" if len(text) > _LENGTH else "")


def _masked(content: Any, field: str = "") -> Any:
    if isinstance(content, dict):
        return {(n if n in _NAMES else _crossed(n)): _masked(inner, n) for n, inner in content.items()}
    if isinstance(content, list):
        return [_masked(inner) for inner in content]
    if isinstance(content, str) and not (field in _OPEN_FIELDS and _OWN_WORD.fullmatch(content)):
        return _crossed(content)
    return content


def _crossed(text: str) -> str:
    return _CHARACTER.sub("x", text)
