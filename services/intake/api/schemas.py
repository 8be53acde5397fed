"""The bodies of the API: what others build on. Field names and words are those of the product's glossary."""

import unicodedata
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from services.intake.states import ImportStatus, RunMoment
from shared.events import EmailPolicy, EmailStatus, Level, Outcome, Plan, PreImportStatus, Problem

ImportRecordStatus = Literal["pending", "success", "error", "skipped"]

_AN_IMPORT: dict[str, JsonValue] = {
    "id": "018f6f1e-6a3c-7c7e-9a53-2f1d5b0f8a11",
    "experience_id": "59a41a7c-83df-4fb9-81c1-28035132e8bc",
    "type": "experience-learners", "status": "ready", "needs_review": True, "emails": "send",
    "run": "after-review",
    "file": {
        "name": "autumn.csv", "size": 8192, "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "detected": {"encoding": "UTF-8", "delimiter": ",", "columns": [{"header": "E-mail", "field": "email"}]},
        "gone_at": None,
    },
    "progress": {"rows": 250, "read_complete": True, "checked": 250, "provisioned": 0},
    "counts": {
        "ready": 240, "warning": 4, "error": 6, "create": 230, "add": 10, "nothing": 4, "none": 6,
        "created": 0, "added": 0, "unchanged": 0, "failed": 0, "skipped": 0, "not_imported": 0,
    },
    "email_counts": {"queued": 0, "sent": 0, "failed": 0, "held": 0, "doubtful": 0},
    "problems": [], "same_as": None,
    "submitted_at": "2026-09-01T08:30:00Z", "submitted_by": "admin@northfield-college.org",
    "ready_at": "2026-09-01T08:30:01Z", "started_at": None, "started_by": None,
    "cancelled_at": None, "cancelled_by": None, "finished_at": None, "emails_released_at": None,
    "emails_released_by": None, "records_gone_at": None, "finish_email": None,
    "review_url": "https://rollcall.northfield-college.org/imports/018f6f1e-6a3c-7c7e-9a53-2f1d5b0f8a11",
}  # fmt: skip
_A_RECORD: dict[str, JsonValue] = {
    "row": 7, "cells": ["Bo@Gmial.com", "Bo", "Ek"], "values": {"email": "Bo@Gmial.com", "first_name": "Bo", "last_name": "Ek"},
    "status": "warning", "plan": "create",
    "problems": [{
        "code": "email.domain_suspicious", "field": "email", "level": "warning",
        "message": "Is “gmial.com” right? It looks like “gmail.com”; correct the email if so.",
    }],
    "import_status": "success", "outcome": "created", "drift": False, "email": "sent", "email_reason": "",
}  # fmt: skip


class FoundProblem(BaseModel):
    """Why a file or record is not plainly fine."""

    code: str = Field(description="Stable; docs/problems.md has cause and cure.")
    field: str = Field(description="The field's name, empty when the whole row or file is meant.")
    level: Level
    message: str = Field(description="One sentence that tells the person what to do.")


class SourceFile(BaseModel):
    """The file as uploaded."""

    name: str
    size: int = Field(description="Bytes.")
    sha256: str
    detected: dict[str, Any] | None = Field(
        description="Encoding, delimiter, columns and what they were taken for; null until read."
    )
    gone_at: datetime | None = Field(description="Since when its bytes are kept no more.")


class Progress(BaseModel):
    """How far an import is, in records."""

    rows: int = Field(description="Records read so far; all of them once the import is ready.")
    read_complete: bool = Field(description="The whole file is read: `rows` will not grow.")
    checked: int
    provisioned: int = Field(description="Records with an outcome.")


class Counts(BaseModel):
    """Records by pre-import status, by plan and by outcome. Of an import that is finished or cancelled, created + added +
    unchanged + failed + skipped + not_imported = rows."""

    ready: int
    warning: int
    error: int
    create: int
    add: int
    nothing: int
    none: int
    created: int
    added: int
    unchanged: int
    failed: int
    skipped: int
    not_imported: int = Field(description="Records with a pre-import error, once the import is over.")


class EmailCounts(BaseModel):
    """Welcome mails, one for each account that was created, by what became of them."""

    queued: int
    sent: int
    failed: int
    held: int
    doubtful: int = Field(description="Handed over, the mail server's answer was lost; not sent again.")


class Import(BaseModel):
    """One uploaded source file and all that became of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_AN_IMPORT]})

    id: UUID
    experience_id: UUID
    type: str
    status: ImportStatus
    needs_review: bool = Field(description="It is ready and waits for a person to press Run.")
    emails: EmailPolicy
    run: RunMoment = Field(description="When it is run: when a person presses Run, or by itself if nothing is wrong.")
    file: SourceFile
    progress: Progress
    counts: Counts
    email_counts: EmailCounts
    problems: list[FoundProblem] = Field(description="Of the file; records have their own.")
    same_as: UUID | None = Field(description="The newest earlier import of the same bytes into this experience.")
    submitted_at: datetime
    submitted_by: str
    ready_at: datetime | None
    started_at: datetime | None
    started_by: str | None
    cancelled_at: datetime | None
    cancelled_by: str | None
    finished_at: datetime | None
    emails_released_at: datetime | None = Field(description="Since when welcome mails that were held may go out.")
    emails_released_by: str | None
    finish_email: EmailStatus | None = Field(
        description="What became of the mail to who ran it that it is finished; null: not heard of."
    )
    records_gone_at: datetime | None = Field(description="Since when its records are kept no more; its counts are.")
    review_url: str


class ImportPage(BaseModel):
    """Imports, newest first."""

    items: list[Import]
    next_after: UUID | None = Field(description="Ask with `after` = this for the next page; null on the last one.")


class Record(BaseModel):
    """A row's life in an import."""

    model_config = ConfigDict(json_schema_extra={"examples": [_A_RECORD]})

    row: int = Field(description="As the person's spreadsheet numbers it: the header is row 1.")
    cells: list[str] = Field(description="As read.")
    values: dict[str, str] = Field(description="As interpreted, by field.")
    status: PreImportStatus
    plan: Plan
    problems: list[FoundProblem]
    import_status: ImportRecordStatus
    outcome: Outcome | None
    drift: bool = Field(description="Plan and outcome differ, because the world changed between review and Run.")
    email: EmailStatus = Field(description="The welcome mail of the account that was created.")
    email_reason: str = Field(description="Why it failed, in the mail server's words, without addresses.")


class RecordPage(BaseModel):
    """Records in the order of rows."""

    items: list[Record]
    next_after: int | None = Field(description="Ask with `after` = this for the next page; null on the last one.")


_SHOWN = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"


def _no_control_characters(text: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError("a name has no line breaks and no other control characters")
    return text


class NewExperience(BaseModel):
    """An experience to create."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Northfield College: Autumn Projects"}]})

    name: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
        AfterValidator(_no_control_characters),
        Field(json_schema_extra={"pattern": _SHOWN}),
    ]


class Experience(BaseModel):
    """What learners are imported into."""

    id: UUID
    name: str
    created_at: datetime


class ExperienceList(BaseModel):
    """The experiences you administer, by name."""

    items: list[Experience]


class DoneAction(BaseModel):
    """A line of the audit log."""

    id: int
    at: datetime
    who: str = Field(description="Email key of the person, or which part of Rollcall did it by itself.")
    action: str = Field(description="`import.submitted`, `import.run`, `records.downloaded`, ...")
    import_id: UUID | None
    person: str | None = Field(description="To whom it was done: who was appointed.")
    about: str | None = Field(description="With what else.")


class ActionPage(BaseModel):
    """Actions, newest first."""

    items: list[DoneAction]
    next_after: int | None = Field(description="Ask with `after` = this for the next page; null on the last one.")


class Column(BaseModel):
    """A column of an import type."""

    field: str
    header: str = Field(description="As the template writes it.")
    value_type: str
    required: bool
    unique: bool = Field(description="No two rows of a file may have the same value.")
    aliases: list[str] = Field(description="Headers that are taken for this column too, in any case and spacing.")


class ImportType(BaseModel):
    """What a file of this type means."""

    type: str
    label: str
    columns: list[Column]
    max_characters: int = Field(description="Of a value.")
    template_url: str


class ImportTypeList(BaseModel):
    """All import types."""

    items: list[ImportType]


def problem_json(problem: Problem) -> dict[str, str]:
    """A problem as the API shows it."""
    return {"code": problem.code, "field": problem.field, "level": problem.level, "message": problem.message}
