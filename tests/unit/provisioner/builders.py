"""Approvals as intake hands them over."""

from uuid import uuid4

from shared.email_key import email_key
from shared.events import Plan, RecordApproved

IMPORT = "0f0e6c64-59a7-4d7c-9a0c-6f3a6f6b0d01"
OTHER_IMPORT = "0f0e6c64-59a7-4d7c-9a0c-6f3a6f6b0d02"
EXPERIENCE = "5d2b2d3e-7a63-4b8b-8f53-3f1f9d4b0e01"
OTHER_EXPERIENCE = "5d2b2d3e-7a63-4b8b-8f53-3f1f9d4b0e02"


def approval(email="ada@example.edu", row=2, *, first_name="Ada", last_name="Lovelace", **changed) -> RecordApproved:
    fields = {
        "import_id": IMPORT, "experience_id": EXPERIENCE, "type": "experience-learners", "row": row,
        "email_key": email_key(email), "plan": Plan.CREATE,
        "values": {"email": email, "first_name": first_name, "last_name": last_name},
    }  # fmt: skip
    return RecordApproved(**{**fields, **changed})


def approvals(emails, **changed) -> list[RecordApproved]:
    """One import's records, in rows from 2 on."""
    changed.setdefault("import_id", str(uuid4()))
    return [approval(email, row, **changed) for row, email in enumerate(emails, start=2)]
