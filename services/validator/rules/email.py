"""Emails: what mail can be sent to, as the email-validator library judges by its defaults, without asking DNS."""

import re
from functools import lru_cache

from email_validator import validate_email

from services.validator.rules.likely_domain import likely_domain
from shared.email_key import without_invisible
from shared.events import Problem
from shared.problems import problem

MAIL_LIMIT = 254  # octets in an address (RFC 5321 4.5.3.1.3); the library refuses longer ones, but takes its time
_SHOWN = 80  # characters of a wrong address that a sentence repeats
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PLAIN = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@([A-Za-z0-9.-]+)")


def plain_email(text: str) -> str | None:
    """The address in lower case if it is plain ASCII and its domain is one that nobody need look at."""
    value = _plain_address(text)
    return value if value is not None and _suggestion(value[value.rindex("@") + 1 :]) is None else None


def interpret_email(text: str) -> str:
    """The address that the account gets: normalized, in lower case; if it is none, the text without invisible characters."""
    cleaned = without_invisible(text)
    return mailable(cleaned) or cleaned


def trimmed(field: str, read: str, value: str) -> Problem | None:
    """Invisible characters or stray spaces were removed from around or inside something."""
    cleaned = without_invisible(read)
    return problem("value.trimmed", field) if cleaned and cleaned != read else None


def missing(field: str, read: str, value: str) -> Problem | None:
    """Nothing but spaces and invisible characters is nothing."""
    return None if value else problem("email.missing", field)


def invalid(field: str, read: str, value: str) -> Problem | None:
    """An email that is there but is no address."""
    if not value or mailable(without_invisible(read)) is not None:
        return None
    return problem("email.invalid", field, value=_printable(value))


def domain_suspicious(field: str, read: str, value: str) -> Problem | None:
    """A valid address whose domain is one slip of the finger away from a well-known one."""
    if mailable(without_invisible(read)) is None:
        return None
    domain = value.rpartition("@")[2]
    suggestion = _suggestion(domain)
    return problem("email.domain_suspicious", field, domain=domain, suggestion=suggestion) if suggestion else None


def mailable(text: str) -> str | None:
    """The address as the library normalizes it (NFC, domain in Unicode), in lower case; None if it is not an address."""
    return _plain_address(text) or _address(text)


def _plain_address(text: str) -> str | None:
    if len(text) > MAIL_LIMIT:
        return None
    match = _PLAIN.fullmatch(text)
    if match is None:
        return None
    value = text.lower()
    return value if _is_plain_domain(value[match.end(1) + 1 :]) else None


@lru_cache(maxsize=20_000)
def _is_plain_domain(domain: str) -> bool:
    """Whether the library accepts this lower-case ASCII domain as it is."""
    address = f"a@{domain}"
    return _address(address) == address


@lru_cache(maxsize=1024)  # the rules of one row ask several times
def _address(text: str) -> str | None:
    if len(text) > MAIL_LIMIT:
        return None
    try:
        address = validate_email(text, check_deliverability=False)
    except ValueError:  # the library's own error and those of the codecs it calls
        return None
    return f"{address.local_part.lower()}@{address.domain}"


_suggestion = lru_cache(maxsize=20_000)(likely_domain)


def _printable(text: str) -> str:
    shown = "".join(character if character.isprintable() else "\ufffd" for character in text[:_SHOWN])
    return shown + "…" if len(text) > _SHOWN else shown
