"""A record as others see it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.intake.records.record_view import record_view

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)  # when the mail was settled


def _view(
    outcome: str | None = None,
    *,
    plan: str = "create",
    mail: str | None = None,
    policy: str = "send",
    released: bool = False,
    resent_upto: datetime | None = None,
    **more: Any,
) -> dict[str, Any]:
    record = {
        "row": 2, "cells": '["a@b.com"]', "values": '{"email": "a@b.com"}', "status": "ready", "plan": plan,
        "problems": None, "outcome": outcome, "problem": None, "email": mail, "email_at": AT,
        "email_reason": "550 no such mailbox" if mail else None, **more,
    }  # fmt: skip
    status = "finished" if outcome else "ready"
    of_import = {
        "status": status, "emails": policy, "emails_released_at": AT if released else None, "emails_resent_upto": resent_upto,
    }  # fmt: skip
    return record_view(record, of_import)


@pytest.mark.parametrize(
    ("plan", "outcome", "drift"),
    [
        ("create", "created", False),
        ("create", "added", True),
        ("create", "unchanged", True),
        ("add", "created", True),
        ("add", "added", False),
        ("nothing", "unchanged", False),
        ("nothing", "added", True),
        ("create", "failed", False),
        ("create", "skipped", False),
        ("create", None, False),
    ],
)
def test_drift_is_a_plan_and_an_outcome_that_differ(plan: str, outcome: str | None, drift: bool) -> None:
    assert _view(outcome, plan=plan)["drift"] is drift


@pytest.mark.parametrize(
    ("outcome", "policy", "mail", "shown"),
    [
        (None, "send", None, "none"),
        ("added", "send", None, "none"),
        ("unchanged", "send", "sent", "none"),
        ("created", "send", None, "queued"),
        ("created", "hold", None, "held"),
        ("created", "none", None, "none"),
        ("created", "send", "failed", "failed"),
        ("created", "hold", "sent", "sent"),
        ("created", "send", "doubtful", "doubtful"),
    ],
)
def test_only_a_new_account_has_a_mail(outcome: str | None, policy: str, mail: str | None, shown: str) -> None:
    assert _view(outcome, policy=policy, mail=mail)["email"] == shown


@pytest.mark.parametrize(("mail", "shown"), [(None, "queued"), ("sent", "sent"), ("doubtful", "doubtful")])
def test_a_mail_that_was_held_is_queued_from_its_release_until_its_fate_is_known(mail: str | None, shown: str) -> None:
    assert _view("created", policy="hold", mail=mail, released=True)["email"] == shown
    assert _view("added", policy="hold", released=True)["email"] == "none"


@pytest.mark.parametrize(("mail", "shown"), [("failed", "queued"), ("sent", "sent"), ("doubtful", "doubtful")])
def test_a_mail_that_failed_is_queued_once_it_is_asked_for_again(mail: str, shown: str) -> None:
    assert _view("created", mail=mail, resent_upto=AT)["email"] == shown


def test_a_mail_that_failed_after_it_was_asked_for_again_has_failed() -> None:
    assert _view("created", mail="failed", resent_upto=AT - timedelta(microseconds=1))["email"] == "failed"


def test_problems_of_check_and_run_stand_together() -> None:
    found = _view(
        "failed", problems=json.dumps([{"code": "value.trimmed"}]), problem=json.dumps({"code": "provision.refused"})
    )
    assert [problem["code"] for problem in found["problems"]] == ["value.trimmed", "provision.refused"]


def test_why_a_mail_failed_is_said_while_it_counts_as_failed() -> None:
    assert _view("created", mail="failed")["email_reason"] == "550 no such mailbox"
    assert _view("created", mail="failed", resent_upto=AT)["email_reason"] == ""
    assert _view("created", mail="sent")["email_reason"] == ""
