"""Rows and approvals as messages: one person's on one partition."""

import json

from services.intake.work.wire import approval_message, row_message
from shared.events import RowRead
from tests.unit.intake.flow.test_task_of import progress


def row(number, key):
    return RowRead(
        import_id="i", experience_id="e", type="t", row=number, email_key=key, cells=[key], columns={"email": 0}
    )


def test_a_row_is_keyed_by_its_email_key_and_the_key_chooses_the_partition():
    message = row_message(row(2, "ada@école.example"))
    assert message.key == "ada@école.example".encode()
    assert message.partition is None


def test_rows_without_an_email_are_spread_by_their_number():
    assert {row_message(row(number, "")).partition for number in range(2, 50)} == set(range(6))


def test_an_approval_says_what_was_reviewed():
    far = progress("running")
    record = {"row": 7, "email_key": "ada@example.edu", "values": '{"email": "Ada@example.edu"}', "plan": "add"}
    message = approval_message(record, far)
    assert message.key == b"ada@example.edu"
    assert json.loads(message.value) == {
        "import_id": str(far.id), "experience_id": str(far.experience_id), "type": "experience-learners", "row": 7,
        "email_key": "ada@example.edu", "values": {"email": "Ada@example.edu"}, "plan": "add",
    }  # fmt: skip
