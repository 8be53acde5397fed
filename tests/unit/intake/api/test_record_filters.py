"""From what is asked to what is looked for, and along which index."""

import pytest

from services.intake.records.record_filters import (
    Filters,
    RecordImportStatus,
    Walk,
    choose_walk,
    import_status_of,
    results_for,
    results_of,
)
from shared.events import Outcome, Plan, PreImportStatus

PENDING, SUCCESS, ERROR, SKIPPED = RecordImportStatus
COUNTS = {
    "rows": 100_000, "ready": 90_000, "warning": 6_000, "error": 4_000, "plan_create": 50_000, "plan_add": 40_000,
    "plan_nothing": 6_000, "created": 48_000, "added": 40_000, "unchanged": 6_000, "failed": 2_000, "skipped": 0,
}  # fmt: skip


@pytest.mark.parametrize("import_status", ["submitted", "preprocessing", "ready", "rejected"])
def test_before_run_every_record_is_pending(import_status: str) -> None:
    assert results_for(PENDING, import_status) is None
    assert [results_for(asked, import_status) for asked in (SUCCESS, ERROR, SKIPPED)] == [[], [], []]
    assert import_status_of("error", None, import_status=import_status) == PENDING


@pytest.mark.parametrize(
    ("import_status", "status", "outcome", "shown"),
    [
        ("running", "ready", None, PENDING),
        ("running", "error", None, ERROR),
        ("cancelling", "warning", None, PENDING),
        ("finished", "ready", "created", SUCCESS),
        ("finished", "warning", "added", SUCCESS),
        ("finished", "ready", "unchanged", SUCCESS),
        ("finished", "ready", "failed", ERROR),
        ("finished", "ready", "skipped", SKIPPED),
        ("cancelled", "ready", None, SKIPPED),
        ("cancelled", "error", None, ERROR),
    ],
)
def test_the_import_status_shown_is_the_one_found_by_its_filter(
    import_status: str, status: str, outcome: str | None, shown: RecordImportStatus
) -> None:
    assert import_status_of(status, outcome, import_status=import_status) == shown
    result = "error" if status == "error" else outcome or "pending"
    finders = [
        asked for asked in RecordImportStatus if (found := results_for(asked, import_status)) and result in found
    ]
    assert finders == [shown]


@pytest.mark.parametrize(
    ("filters", "import_status", "walk"),
    [
        (Filters(), "ready", Walk.ROWS),
        (Filters(import_status=PENDING), "ready", Walk.ROWS),
        (Filters(import_status=SUCCESS), "ready", Walk.NOWHERE),
        (Filters(import_status=PENDING), "finished", Walk.NOWHERE),
        (Filters(status=PreImportStatus.WARNING), "ready", Walk.STATUSES),
        (Filters(plan=Plan.ADD), "ready", Walk.STATUSES),
        (Filters(import_status=PENDING), "running", Walk.STATUSES),
        (Filters(import_status=ERROR), "finished", Walk.RESULTS),
        (Filters(import_status=ERROR, status=PreImportStatus.READY), "finished", Walk.RESULTS),
        (Filters(import_status=SUCCESS, plan=Plan.NOTHING), "finished", Walk.STATUSES),
        (Filters(outcome=Outcome.ADDED), "finished", Walk.RESULTS),
        (Filters(outcome=Outcome.ADDED, import_status=SUCCESS), "finished", Walk.RESULTS),
        (Filters(outcome=Outcome.ADDED, import_status=ERROR), "finished", Walk.NOWHERE),
        (Filters(outcome=Outcome.SKIPPED, import_status=SKIPPED), "cancelled", Walk.NOWHERE),
        (Filters(problem="email.invalid", status=PreImportStatus.ERROR), "ready", Walk.PROBLEMS),
        (Filters(q="anna", problem="email.invalid"), "ready", Walk.WORDS),
        (Filters(q="anna"), "ready", Walk.WORDS),
        (Filters(q="anna", status=PreImportStatus.WARNING), "ready", Walk.WORDS),
        (Filters(q="anna", import_status=SKIPPED), "finished", Walk.RESULTS),
        (Filters(q=" @ "), "ready", Walk.ROWS),
    ],
)
def test_the_walk_leads_to_the_fewest_records(filters: Filters, import_status: str, walk: Walk) -> None:
    assert choose_walk(filters, results_of(filters, import_status), COUNTS) is walk
