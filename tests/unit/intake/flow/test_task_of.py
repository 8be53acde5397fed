"""What an import needs done, by how far it is."""

from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest

from services.intake.work.held_import import HeldImport, Progress, Task, task_of


def progress(status, **differences):
    """An import that nothing has happened to."""
    columns = {
        "id": uuid4(), "experience_id": uuid4(), "type": "experience-learners", "file_path": "f", "tries": 0,
        "read_row": 0, "rows": 0, "read_complete": False, "checked": 0, "approved_row": 0, "approving_row": 0,
        "approved": 0, "approve_complete": False, "provisioned": 0, "importable": 0, "stuck": False, "still_seconds": 0.0,
        "mails_late": False,
    }  # fmt: skip
    return Progress(status=status, **(columns | differences))


@pytest.mark.parametrize(
    ("far", "task"),
    [
        (progress("submitted"), Task.READ),
        (progress("preprocessing"), Task.READ),
        (progress("preprocessing", stuck=True), Task.READ),
        (progress("preprocessing", read_complete=True), Task.REST),
        (progress("preprocessing", read_complete=True, stuck=True), Task.REPAIR_ROWS),
        (progress("ready"), Task.REST),
        (progress("ready", stuck=True), Task.REST),
        (progress("running"), Task.APPROVE),
        (progress("running", approve_complete=True), Task.REST),
        (progress("running", approve_complete=True, stuck=True), Task.REPAIR_APPROVALS),
        (progress("cancelling"), Task.SETTLE_REST),
        (progress("cancelling", approve_complete=True), Task.REST),
        (progress("cancelling", approve_complete=True, stuck=True), Task.REPAIR_APPROVALS),
        (progress("rejected"), Task.CLEAR),
        (progress("finished", stuck=True), Task.REST),
        (progress("finished", mails_late=True), Task.REPAIR_MAILS),
        (progress("running", approve_complete=True, mails_late=True), Task.REST),
        (progress("cancelled", stuck=True), Task.REST),
    ],
    ids=lambda value: value if isinstance(value, Task) else value.status,
)
def test_an_import_needs_what_its_status_and_progress_say(far, task):
    assert task_of(far) is task


def held(window, imports):
    """One of so many imports that a process holds."""
    deps = SimpleNamespace(settings=SimpleNamespace(reading_window=window))
    return HeldImport(deps=deps, id=UUID(int=1), owner="us", at_work=[None] * imports)


def test_imports_at_work_share_the_window_and_each_keeps_a_batch():
    assert [held(10_000, imports).window for imports in (0, 1, 2, 4, 20)] == [10_000, 10_000, 5_000, 2_500, 2_000]
    assert held(10, 20).window == 10
