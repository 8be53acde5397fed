"""What a provider's word on a person is worth to us."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Refusal(StrEnum):
    """Why somebody who came back from the provider is not signed in. Each has its sentence in the texts."""

    EMAIL_MISSING = "refused_email_missing"
    EMAIL_NOT_VERIFIED = "refused_email_not_verified"
    UNKNOWN = "refused_unknown"  # nobody has appointed them
    NOT_COMPLETED = "refused_not_completed"  # broken off, too late, or not begun here
    PROVIDER_AWAY = "refused_provider_away"


def email_of(claims: Mapping[str, Any], *, trust_unverified: bool) -> str | Refusal:
    """The address that the provider vouches for. An unverified one could be anybody's."""
    email = claims.get("email")
    if not isinstance(email, str) or "@" not in email or not email.isprintable():
        return Refusal.EMAIL_MISSING
    verified = claims.get("email_verified") in (True, "true")  # some providers send the word
    return email if verified or trust_unverified else Refusal.EMAIL_NOT_VERIFIED
