"""Secrets and signatures by the Standard Webhooks specification (symmetric, v1). Pure, but for the dice."""

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable

PREFIX = "whsec_"
_RANDOM_BYTES = 32


def new_secret() -> str:
    """A secret as receivers' libraries take it."""
    return PREFIX + b64encode(secrets.token_bytes(_RANDOM_BYTES)).decode()


def signed_headers(secrets: Iterable[str], *, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that go with a body; one signature for each secret. `timestamp` is that of the attempt, in seconds: what
    was caught on the way cannot be sent again for long."""
    signatures = (_signature(secret, f"{event_id}.{timestamp}.".encode() + body) for secret in secrets)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = b64decode(secret.removeprefix(PREFIX))
    return "v1," + b64encode(hmac.digest(key, signed, "sha256")).decode()
