"""The page of an import says what is kept of it no more, and shows and offers nothing of that."""

import json
from datetime import UTC, datetime

import pytest

from tests.integration.intake.api.ledger import Kept
from tests.integration.intake.pages.test_import_page import DETECTED, Desk, desk  # noqa: F401 - a fixture

GONE = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.mark.parametrize("status", ["finished", "cancelled", "rejected"])
async def test_records_that_are_gone_are_said_and_not_shown(desk: Desk, status: str) -> None:  # noqa: F811
    records = [Kept(2, "ada@example.org", outcome="created", mail="failed"), Kept(3, "f", status="error", plan="none")]
    import_id = await desk.new_import(*records, status=status, detected=json.dumps(DETECTED), records_gone_at=GONE)
    text = await desk.text(f"/imports/{import_id}")
    assert "The records of this import are kept no more, since" in text
    page = (await desk.browser.get(f"/imports/{import_id}")).text
    assert [offered for offered in ("ada@", "records.csv", "emails/resend", 'id="records"') if offered in page] == []


async def test_mails_of_records_that_are_gone_cannot_be_asked_for(desk: Desk) -> None:  # noqa: F811
    record = Kept(2, "a@example.org", outcome="created", mail="failed")
    import_id = await desk.new_import(record, status="finished", records_gone_at=GONE)
    assert (await desk.press(f"/imports/{import_id}/emails/resend")).status_code == 409


async def test_an_import_that_nobody_ran_was_cancelled_by_nobody(desk: Desk) -> None:  # noqa: F811
    import_id = await desk.new_import(Kept(2, "a@example.org"), status="cancelled", cancelled_at=GONE)
    text = await desk.text(f"/imports/{import_id}")
    assert "because nobody ran it" in text
    assert "None" not in text


async def test_an_erased_record_says_so(desk: Desk) -> None:  # noqa: F811
    record = Kept(2, "", first_name="", cells=["", "", ""], problems=["person.erased"], outcome="created", mail="sent")
    import_id = await desk.new_import(record, status="finished", detected=json.dumps(DETECTED))
    assert "What was known of this person has been erased" in await desk.text(f"/imports/{import_id}")
