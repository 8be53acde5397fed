"""Every turn from every status: where it leads, or why it is refused."""

import itertools

import pytest

from services.intake.states import ImportStatus, Refused, Turn, next_status

ALLOWED = {
    ("submitted", "read"): "preprocessing",
    ("submitted", "reject"): "rejected",
    ("submitted", "cancel"): "cancelled",
    ("preprocessing", "reject"): "rejected",
    ("preprocessing", "check the last"): "ready",
    ("preprocessing", "cancel"): "cancelled",
    ("ready", "run"): "running",
    ("ready", "cancel"): "cancelled",
    ("running", "cancel"): "cancelling",
    ("running", "settle the last"): "finished",
    ("cancelling", "settle the last"): "finished",
}
REFUSED = {
    "submitted": "import.not_ready",
    "preprocessing": "import.not_ready",
    "ready": "import.not_started",
    "running": "import.already_started",
    "cancelling": "import.already_cancelled",
    "finished": "import.already_finished",
    "rejected": "import.rejected",
    "cancelled": "import.already_cancelled",
}
ALL = list(itertools.product(ImportStatus, Turn))


@pytest.mark.parametrize(("status", "turn"), [pair for pair in ALL if pair in ALLOWED])
def test_an_allowed_turn_leads_to_one_status(status, turn):
    assert next_status(status, turn) == ALLOWED[status, turn]


@pytest.mark.parametrize(("status", "turn"), [pair for pair in ALL if pair not in ALLOWED])
def test_any_other_turn_is_refused_with_the_status_own_reason(status, turn):
    refused = next_status(status, turn)
    assert isinstance(refused, Refused)
    assert refused.code == REFUSED[status]
    assert refused.message.endswith(".")


def test_every_status_can_be_reached_and_the_last_ones_are_never_left():
    assert {"submitted", *ALLOWED.values()} == set(ImportStatus)
    assert {status for status, _ in ALLOWED}.isdisjoint({"finished", "rejected", "cancelled"})
