"""Events as the notifier gets them, and mails as its queue hands them out."""

from services.notifier.mails import Mail
from shared.email_key import email_key
from shared.events import EmailKind, EmailPolicy, ImportChanged, LifecycleType, Outcome, Plan, RecordProvisioned

IMPORT = "0f0e6c64-59a7-4d7c-9a0c-6f3a6f6b0d01"
OTHER_IMPORT = "0f0e6c64-59a7-4d7c-9a0c-6f3a6f6b0d02"
EXPERIENCE = "5d2b2d3e-7a63-4b8b-8f53-3f1f9d4b0e01"
AT = "2026-11-22T10:00:00.000000+00:00"
COUNTS = {"created": 240, "added": 3, "unchanged": 2, "failed": 1, "skipped": 0, "not_imported": 4}


def provisioned(account=7, row=2, *, email="ada@example.edu", first_name="Ada", last_name="Lovelace", **changed):
    fields = {
        "import_id": IMPORT, "experience_id": EXPERIENCE, "row": row, "email_key": email_key(email), "at": AT,
        "values": {"email": email, "first_name": first_name, "last_name": last_name},
        "plan": Plan.CREATE, "outcome": Outcome.CREATED, "account_id": account,
    }  # fmt: skip
    return RecordProvisioned(**{**fields, **changed})


def changed(type_=LifecycleType.STARTED, import_id=IMPORT, **changes):
    fields = {
        "id": f"{import_id}/{type_}", "type": type_, "at": AT, "import_id": import_id,
        "import_type": "experience-learners", "experience_id": EXPERIENCE, "experience_name": "Biology",
        "file_name": "learners.csv", "emails": EmailPolicy.SEND, "submitted_by": "submitter@example.edu",
        "started_by": "starter@example.edu", "review_url": f"https://rollcall.example/imports/{import_id}",
        "counts": COUNTS if type_ is LifecycleType.COMPLETED else {},
    }  # fmt: skip
    return ImportChanged(**{**fields, **changes})


def mail(kind=EmailKind.WELCOME, **changes):
    fields = {
        "id": f"welcome.7.{IMPORT}", "kind": kind, "import_id": IMPORT, "account_id": 7, "row": 2,
        "address": "ada@example.edu", "first_name": "Ada", "last_name": "Lovelace", "attempts": 0, "tried_for": 0.0,
        "experience_id": EXPERIENCE, "experience_name": "Biology", "file_name": "learners.csv",
        "review_url": "https://rollcall.example/imports/1", "counts": {},
    }  # fmt: skip
    if kind is EmailKind.FINISH:
        fields |= {"id": f"finish.{IMPORT}", "account_id": None, "row": 0, "counts": COUNTS}
    return Mail(**{**fields, **changes})
