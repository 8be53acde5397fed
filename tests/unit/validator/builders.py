"""Rows as intake publishes them, and the facts others tell."""

from types import SimpleNamespace

from shared.email_key import email_key
from shared.events import DirectoryChanged, Outcome, Plan, Problem, RecordProvisioned, RowRead
from shared.kafka.consume import Batch

IMPORT = "0b9f4f0e-3a57-4a3e-8f0b-6f0f0c3b7a11"
OTHER_IMPORT = "0b9f4f0e-3a57-4a3e-8f0b-6f0f0c3b7a12"
EXPERIENCE = "7a1de1f3-1c5e-4f4a-9a6b-0d5b9c1d2e31"
OTHER_EXPERIENCE = "7a1de1f3-1c5e-4f4a-9a6b-0d5b9c1d2e32"
COLUMNS = {"email": 0, "first_name": 1, "last_name": 2}


def row_read(
    email: str = "ada@example.org", first_name: str = "Ada", last_name: str = "Lovelace", *, row: int = 2,
    import_id: str = IMPORT, experience_id: str = EXPERIENCE, problems: tuple[Problem, ...] = (),
) -> RowRead:  # fmt: skip
    return RowRead(
        import_id=import_id, experience_id=experience_id, type="experience-learners", row=row,
        email_key=email_key(email), cells=[email, first_name, last_name], columns=COLUMNS, problems=list(problems),
    )  # fmt: skip


def rows_read(*emails: str, first_row: int = 2, **common: str) -> list[RowRead]:
    return [row_read(email, row=row, **common) for row, email in enumerate(emails, start=first_row)]


def provisioned(
    email: str, outcome: Outcome = Outcome.CREATED, *, at: str = "2025-01-02T00:00:00+00:00"
) -> RecordProvisioned:
    return RecordProvisioned(
        import_id=IMPORT, experience_id=EXPERIENCE, row=2, email_key=email_key(email), values={"email": email},
        plan=Plan.CREATE, outcome=outcome, at=at, account_id=1,
    )  # fmt: skip


def account_changed(email: str, *, present: bool, at: str = "2025-01-02T00:00:00+00:00") -> DirectoryChanged:
    return DirectoryChanged(email_key=email_key(email), present=present, at=at, account_id=1)


def membership_changed(
    email: str, *, present: bool, at: str = "2025-01-02T00:00:00+00:00", role: str = "learner",
    experience_id: str = EXPERIENCE,
) -> DirectoryChanged:  # fmt: skip
    return DirectoryChanged(email_key=email_key(email), present=present, at=at, experience_id=experience_id, role=role)


def batch_of(*events, partition: int = 4) -> Batch:
    """As the plumbing hands them over; of a record the handlers need only key and partition."""
    records = [SimpleNamespace(key=getattr(event, "email_key", "").encode(), partition=partition) for event in events]
    return Batch(events=list(events), records=records)
