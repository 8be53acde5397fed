"""The events that tell what became of mails."""

from datetime import UTC, datetime

from services.notifier.tell import messages
from shared.events import Codec, EmailKind, EmailSettled, EmailStatus
from tests.unit.notifier.builders import IMPORT

ROW = {
    "id": "x", "kind": "welcome", "import_id": IMPORT, "account_id": 7, "row": 2, "status": "failed",
    "reason": "550 no", "settled_at": datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
}  # fmt: skip


def event(**changes):
    (message,) = messages([{**ROW, **changes}])
    return message.key, Codec(EmailSettled).decode(message.value)


def test_a_settled_welcome_is_told_with_its_row_and_reason():
    assert event() == (
        IMPORT.encode(),
        EmailSettled(
            import_id=IMPORT, kind=EmailKind.WELCOME, status=EmailStatus.FAILED, at="2026-11-22T10:00:00.000000+00:00",
            row=2, account_id=7, reason="550 no",
        ),
    )  # fmt: skip


def test_a_finish_mail_belongs_to_no_row():
    _, told = event(kind="finish", account_id=None, row=0, status="sent", reason="")
    assert (told.kind, told.row, told.account_id) == (EmailKind.FINISH, None, None)
