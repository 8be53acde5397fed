"""Signs what lies in cookies, so that a made-up or altered one is refused before the database is asked."""

import hashlib

import asyncpg
from itsdangerous import BadSignature, TimestampSigner
from pydantic import SecretStr

from services.intake.users.sessions import queries


class Signing:
    """Signatures of this installation; one per process. Each purpose has its own."""

    def __init__(self, pool: asyncpg.Pool, secret: SecretStr | None) -> None:
        self._pool = pool
        self._key = secret.get_secret_value().encode() if secret else b""

    async def sign(self, value: str, *, purpose: str) -> str:
        """The value with its signature and time."""
        return (await self._signer(purpose)).sign(value).decode()

    async def read(self, signed: str, *, purpose: str, seconds: int | None = None) -> str | None:
        """The value; None unless it was signed here for this purpose, and not longer ago than that."""
        try:
            return (await self._signer(purpose)).unsign(signed, max_age=seconds).decode()
        except BadSignature:
            return None

    async def _signer(self, purpose: str) -> TimestampSigner:
        self._key = self._key or await queries.signing_key(self._pool)
        return TimestampSigner(self._key, salt=f"rollcall.{purpose}", digest_method=hashlib.sha256)
