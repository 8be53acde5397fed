"""Which row of an import had an email first. Every email of the import that was seen before is in the store."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

DIGEST_BYTES = 16


class Candidate(NamedTuple):
    """A row with an email that mail can be sent to."""

    import_id: str
    key: bytes  # digest of the email key
    row: int


Seen = dict[str, dict[bytes, int]]  # import id -> digest -> the row that had it first


def digest(email_key: str) -> bytes:
    """A short stand-in for an email key."""
    return blake2b(email_key.encode(), digest_size=DIGEST_BYTES).digest()


def first_rows(candidates: Iterable[Candidate], seen: Seen) -> tuple[list[int], list[Candidate]]:
    """For each candidate the row that had its email first, and the candidates to remember.

    A row is no duplicate of itself when it comes again. One that was seen stays first, also when a lower row that had
    been lost comes later: its record is already told."""
    winners: list[int] = []
    new: list[Candidate] = []
    noted: Seen = {import_id: dict(rows) for import_id, rows in seen.items()}
    for candidate in candidates:
        import_id, key, row = candidate
        of_import = noted.setdefault(import_id, {})
        first = of_import.get(key)
        if first is None:
            first = of_import[key] = row
            new.append(candidate)
        winners.append(first)
    return winners, new
