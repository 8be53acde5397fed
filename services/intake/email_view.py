"""What is shown of an import's welcome mails. Pure; only who got a new account gets one."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import asyncpg

from shared.events import EmailPolicy, EmailStatus, Outcome

Row: TypeAlias = asyncpg.Record | Mapping[str, Any]

_UNTIL_SETTLED = {
    EmailPolicy.SEND: EmailStatus.QUEUED, EmailPolicy.HOLD: EmailStatus.HELD, EmailPolicy.NONE: EmailStatus.NONE,
}  # fmt: skip


def until_settled(of_import: Row) -> EmailStatus:
    """What a welcome mail of this import is until its fate is known: what the policy says, or queued since its release."""
    if of_import["emails_released_at"]:
        return EmailStatus.QUEUED
    return _UNTIL_SETTLED[EmailPolicy(of_import["emails"])]


def email_of(record: Row, of_import: Row) -> EmailStatus:
    """What became of the record's welcome mail."""
    if record["outcome"] != Outcome.CREATED:
        return EmailStatus.NONE
    return EmailStatus(record["email"]) if record["email"] else until_settled(of_import)
