"""Whom a database's certificate is believed from. asyncpg, like Postgres' own clients, looks for a file in the home folder, which an
image has none of; here the system's authorities count where the address names no other."""

import os
import ssl
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_VERIFYING = {"verify-ca", "verify-full"}


def tls_of(address: str) -> ssl.SSLContext | None:
    """The system's authorities for an address that wants certificates checked and does not say by whom; None: asyncpg reads
    from the address what to do."""
    asked = {name: values[-1] for name, values in parse_qs(urlsplit(address).query).items()}
    mode = asked.get("sslmode") or os.environ.get("PGSSLMODE", "")
    named = asked.get("sslrootcert") or os.environ.get("PGSSLROOTCERT") or _of_home()
    if mode not in _VERIFYING or named:
        return None
    context = ssl.create_default_context()
    context.check_hostname = mode == "verify-full"
    return context


def _of_home() -> bool:
    try:
        return (Path.home() / ".postgresql" / "root.crt").exists()
    except (RuntimeError, OSError):  # there is no home
        return False
