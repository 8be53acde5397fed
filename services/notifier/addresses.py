"""The address as a mail server wants it. Pure."""

import re

import idna

# What would end an address on an SMTP command line or in a header, or is no address at all.
_BREAKS = re.compile(r'[\s<>"(),:;\\\x00-\x1f\x7f-\x9f]')


class AddressNotUsable(ValueError):
    """No mail can be sent to this address. The message is for people and does not repeat it."""


def envelope_address(text: str) -> str:
    """The address with its domain as IDNA A-label; the part before the @ stays as written."""
    local, at, domain = text.strip().rpartition("@")
    if not (local and at and domain) or _BREAKS.search(local) or _BREAKS.search(domain):
        raise AddressNotUsable("No mail can be sent to this address; it is not written as one.")
    try:
        return f"{local}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError:
        raise AddressNotUsable("No mail can be sent to this address; its domain cannot exist.") from None


def without_addresses(words: str, address: str = "") -> str:
    """What a mail server said, without any address and without the part before the @ of this one."""
    shown = re.sub(r"<?[^\s<>]*[^\s<>,;:]@[^\s<>,;]+>?", "…", words)
    local = address.rpartition("@")[0]
    return re.sub(rf"(?<!\w){re.escape(local)}(?!\w)", "…", shown, flags=re.IGNORECASE) if local else shown
