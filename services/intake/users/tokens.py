"""Bearer tokens of the API: shown once, kept as a hash, named, revocable at once (nothing is cached)."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.intake.users.people import Database, User, ensure_user, queries

PREFIX = "rc_"  # so that people and secret scanners recognise one
_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class Token:
    """What may be shown about a token."""

    id: UUID
    name: str
    created_at: datetime
    revoked_at: datetime | None


async def create_token(database: Database, email: str, *, name: str) -> str:
    """A new token for this person; the answer is the only time it is seen."""
    key = await ensure_user(database, email)
    token = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    await queries.add_token(database, email_key=key, name=name, hash=_hash(token))
    return token


async def bearer_of(database: Database, token: str) -> User | None:
    """Whose token this is; None when it is unknown or revoked."""
    row = await queries.bearer_of_token(database, hash=_hash(token))
    return User(**row) if row else None


async def list_tokens(database: Database, email_key: str) -> list[Token]:
    """A person's tokens, newest first."""
    return [Token(**row) async for row in queries.tokens_of(database, email_key=email_key)]


async def revoke_token(database: Database, token_id: UUID) -> bool:
    """End a token's life; False when it had none."""
    return bool(await queries.revoke_token(database, id=token_id))


def _hash(token: str) -> bytes:
    # A plain hash is enough: the token is random, there is no dictionary to try.
    return hashlib.sha256(token.encode()).digest()
