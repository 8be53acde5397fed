"""A record as others see it: the ledger's rows in the API's words. Pure; the JSON and the CSV read the same."""

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

import asyncpg

from services.intake.record_filters import import_status_of
from shared.events import EmailPolicy, EmailStatus, Outcome, Plan

Row: TypeAlias = asyncpg.Record | Mapping[str, Any]

_PLANNED = {Plan.CREATE: Outcome.CREATED, Plan.ADD: Outcome.ADDED, Plan.NOTHING: Outcome.UNCHANGED}
_MAIL_UNTIL_SETTLED = {
    EmailPolicy.SEND: EmailStatus.QUEUED, EmailPolicy.HOLD: EmailStatus.HELD, EmailPolicy.NONE: EmailStatus.NONE,
}  # fmt: skip


def record_view(record: Row, of_import: Row) -> dict[str, Any]:
    """The record (a row of `records_at`) as the API's model `Record`; `of_import` is the import's row."""
    outcome = record["outcome"]
    return {
        "row": record["row"],
        "cells": json.loads(record["cells"]),
        "values": json.loads(record["values"]),
        "status": record["status"],
        "plan": record["plan"],
        "problems": _problems(record),
        "import_status": import_status_of(record["status"], outcome, import_status=of_import["status"]),
        "outcome": outcome,
        "drift": outcome in _PLANNED.values() and outcome != _PLANNED.get(record["plan"]),
        "email": _email(outcome, record["email"], of_import["emails"]),
    }


def _problems(record: Row) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(record["problems"]) if record["problems"] else []
    return [*found, json.loads(record["problem"])] if record["problem"] else found


def _email(outcome: str | None, settled: str | None, policy: str) -> EmailStatus:
    """Only who got a new account gets a mail; until its fate is known it is what the import's policy says."""
    if outcome != Outcome.CREATED:
        return EmailStatus.NONE
    return EmailStatus(settled) if settled else _MAIL_UNTIL_SETTLED[EmailPolicy(policy)]
