"""A record as others see it: the ledger's rows in the API's words. Pure; the JSON and the CSV read the same."""

import json
from typing import Any

from services.intake.records.email_view import Row, email_of
from services.intake.records.record_filters import import_status_of
from shared.events import EmailStatus, Outcome, Plan

_PLANNED = {Plan.CREATE: Outcome.CREATED, Plan.ADD: Outcome.ADDED, Plan.NOTHING: Outcome.UNCHANGED}


def record_view(record: Row, of_import: Row) -> dict[str, Any]:
    """The record (a row of `records_at`) as the API's model `Record`; `of_import` is the import's row."""
    outcome, email = record["outcome"], email_of(record, of_import)
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
        "email": email,
        "email_reason": record["email_reason"] if email is EmailStatus.FAILED else "",
    }


def _problems(record: Row) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(record["problems"]) if record["problems"] else []
    return [*found, json.loads(record["problem"])] if record["problem"] else found
