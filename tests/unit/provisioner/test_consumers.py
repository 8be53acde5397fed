"""What the handlers leave out before anything reaches the database."""

from services.provisioner.consumers import Deps, on_imports_changed, on_records_approved
from shared.events import EmailPolicy, ImportChanged, LifecycleType
from shared.kafka.consume import Batch
from tests.unit.provisioner.builders import EXPERIENCE, IMPORT, approval

NOTHING = Deps(pool=None, publisher=None)  # whoever touches it, fails


def import_changed(type_, import_id=IMPORT):
    return ImportChanged(
        id=f"{import_id}/{type_}", type=type_, at="2026-01-01T00:00:00+00:00", import_id=import_id,
        import_type="experience-learners", experience_id=EXPERIENCE, experience_name="Biology", file_name="learners.csv",
        emails=EmailPolicy.SEND, submitted_by="admin@example.edu",
    )  # fmt: skip


async def test_approvals_that_cannot_be_answered_are_dead_letters():
    batch = Batch(events=[approval(import_id="x"), approval(row=-1)], records=[None, None])
    await on_records_approved(batch, NOTHING)
    assert batch.rejected == {0: "approval.import_id_invalid", 1: "approval.row_invalid"}


async def test_only_the_stopping_of_a_run_is_remembered():
    others = [import_changed(type_) for type_ in LifecycleType if type_ is not LifecycleType.CANCELLING]
    await on_imports_changed(Batch(events=others, records=[None] * len(others)), NOTHING)


async def test_a_stopped_run_without_a_proper_import_is_a_dead_letter():
    batch = Batch(events=[import_changed(LifecycleType.CANCELLING, "x")], records=[None])
    await on_imports_changed(batch, NOTHING)
    assert batch.rejected == {0: "lifecycle.import_id_invalid"}
