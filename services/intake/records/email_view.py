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
    if not record["email"]:
        return until_settled(of_import)
    resent_upto = of_import["emails_resent_upto"]
    if record["email"] == EmailStatus.FAILED and resent_upto and record["email_at"] <= resent_upto:
        return EmailStatus.QUEUED
    return EmailStatus(record["email"])


def email_counts(of_import: Row) -> dict[str, int]:
    """How many welcome mails are what, from the import's counters. (Mails may be told of before their records are.)"""
    counts = {"queued": 0, "held": 0, **{name: of_import[f"emails_{name}"] for name in ("sent", "failed", "doubtful")}}
    rest = until_settled(of_import)
    if rest is not EmailStatus.NONE:
        counts[rest] = max(0, of_import["created"] - sum(counts.values()))
    return counts
