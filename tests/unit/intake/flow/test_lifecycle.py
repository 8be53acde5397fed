"""An import as an event that other systems understand."""

import json
from datetime import UTC, datetime
from uuid import UUID

from services.intake.lifecycle import event_of, message_of
from shared.events import Codec, ImportChanged, LifecycleType

IMPORT = UUID("00000000-0000-4000-8000-000000000001")
AT = "2026-03-01T10:00:00.000000+00:00"


def row(**differences):
    """A finished import with its names, as the database gives it."""
    return {
        "id": IMPORT, "type": "experience-learners", "experience_id": UUID(int=2), "experience_name": "Biology",
        "file_name": "learners.csv", "emails": "send", "status": "finished", "problems": "[]",
        "submitter": "Ada@School.example", "starter": "", "started_at": None, "rows": 10, "ready": 6, "warning": 1, "error": 3,
        "plan_create": 4, "plan_add": 2, "plan_nothing": 1, "created": 3, "added": 2, "unchanged": 1, "failed": 1,
        "skipped": 0, **differences,
    }  # fmt: skip


def told(kind=LifecycleType.COMPLETED, **differences):
    return event_of(row(**differences), kind, at=AT, base_url="https://rollcall.example/")


def test_the_outcomes_and_what_was_not_imported_add_up_to_the_rows():
    counts = told().counts
    outcomes = ("created", "added", "unchanged", "failed", "skipped", "not_imported")
    assert sum(counts[name] for name in outcomes) == counts["rows"] == 10


def test_before_the_end_nothing_counts_as_not_imported():
    assert told(LifecycleType.READY, status="ready").counts["not_imported"] == 0


def test_the_same_turn_has_the_same_id_whenever_it_is_told():
    assert told().id == told().id == f"{IMPORT}/ImportCompleted"
    assert told(LifecycleType.READY).id != told().id


def test_the_event_says_since_when_results_come():
    assert told(LifecycleType.READY).started_at == ""
    started = datetime(2026, 3, 1, 9, 59, tzinfo=UTC)
    assert told(started_at=started).started_at == "2026-03-01T09:59:00.000000+00:00"


def test_what_may_happen_again_has_an_id_for_each_time():
    again = [event_of(row(), LifecycleType.EMAILS_RESENT, at=AT, base_url="", time=time).id for time in (1, 2)]
    assert again == [f"{IMPORT}/ImportEmailsResent/1", f"{IMPORT}/ImportEmailsResent/2"]


def test_the_event_leads_a_person_to_the_review():
    assert told().review_url == f"https://rollcall.example/imports/{IMPORT}"


def test_the_problems_of_a_rejected_file_are_told():
    problems = [{"code": "file.empty", "level": "error", "message": "The file is empty."}]
    event = told(LifecycleType.REJECTED, problems=json.dumps(problems))
    assert [problem.code for problem in event.problems] == ["file.empty"]


def test_the_message_is_a_cloud_event_in_binary_mode():
    message = message_of(told())
    assert message.key == str(IMPORT).encode()
    assert dict(message.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": f"{IMPORT}/ImportCompleted".encode(),
        "ce_source": b"/rollcall/intake",
        "ce_type": b"rollcall.ImportCompleted",
        "ce_time": AT.encode(),
        "ce_subject": str(IMPORT).encode(),
        "content-type": b"application/json",
    }
    assert Codec(ImportChanged).decode(message.value) == told()
