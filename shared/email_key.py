"""The email as identity: what makes two spellings one person. Says nothing about whether mail can be sent there."""

import re
import unicodedata

import idna

# Characters that show as nothing or as a space and come along when people copy addresses (design §6).
INVISIBLE = re.compile(
    "[\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)


def without_invisible(text: str) -> str:
    """The text without zero-width and other invisible characters and without white space at its ends."""
    if text.isascii():
        return text.strip()
    return INVISIBLE.sub("", text).strip()


def email_key(text: str) -> str:
    """Identity of an email: trimmed, NFC, lower case, domain as IDNA A-label; "" when there is none."""
    if text.isascii():
        return text.strip().lower()
    clean = without_invisible(text)
    local, at, domain = clean.rpartition("@")
    if at and not domain.isascii():
        try:  # as it came in: UTS 46 has its own order of NFC and lower case, and Python's depends on neighbours (Σ)
            return f"{_nfc(local).lower()}@{idna.encode(domain, uts46=True).decode('ascii')}"
        except idna.IDNAError:
            pass  # not a domain; the check says so to the person
    return _nfc(clean).lower()


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
