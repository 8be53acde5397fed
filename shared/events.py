"""The events, in the order of one row's way. One definition each: msgspec encodes and decodes them on the row path,
pydantic derives their schemas and holds them to the same golden examples (tests/contract)."""

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Self, TypeVar

import msgspec

E = TypeVar("E")


class OpenEnum(StrEnum):
    """Takes words that only newer versions know, as they came. For what is safe to pass over; every other enum refuses
    them, and their event waits in the dead letters for the version that knows."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_, unknown._value_ = "UNKNOWN", value
        return unknown


class Level(StrEnum):
    """How bad a problem is."""

    ERROR = "error"  # the record cannot be imported
    WARNING = "warning"  # it will be imported; look at it


class PreImportStatus(StrEnum):
    """What the check of a row found."""

    READY = "ready"  # will be imported
    WARNING = "warning"  # will be imported; look at it
    ERROR = "error"  # cannot be imported


class Plan(StrEnum):
    """What Run will do with a record."""

    CREATE = "create"  # account and membership
    ADD = "add"  # membership for an existing account
    NOTHING = "nothing"  # already a learner
    NONE = "none"  # cannot be imported


class Outcome(StrEnum):
    """What Run really did with a record."""

    CREATED = "created"  # account and membership are new
    ADDED = "added"  # the account was there, the membership is new
    UNCHANGED = "unchanged"  # was a learner already
    FAILED = "failed"  # nothing was done; the problem says why
    SKIPPED = "skipped"  # the import was cancelled before it came to this record


class EmailPolicy(OpenEnum):  # only the notifier has to know it
    """What an import does with the welcome mails of the accounts it creates."""

    SEND = "send"  # they go out at once
    HOLD = "hold"  # they wait until a person releases them
    NONE = "none"  # there are none


class EmailKind(OpenEnum):  # only welcome mails belong to a record
    """The two mails Rollcall writes."""

    WELCOME = "welcome"  # to the owner of a new account
    FINISH = "finish"  # to the person who ran the import


class EmailStatus(StrEnum):
    """What became of a mail."""

    QUEUED = "queued"  # will be sent
    SENT = "sent"  # the mail server has it
    FAILED = "failed"  # refused, or put off for too long; the reason says why
    HELD = "held"  # waits for a person to release it
    NONE = "none"  # there is no mail for this record
    DOUBTFUL = "doubtful"  # handed to the mail server, the answer was lost; not sent again by itself


class LifecycleType(OpenEnum):  # everybody acts on those that they know
    """The turns in an import's life that other systems are told of."""

    SUBMITTED = "ImportSubmitted"  # the source file is stored
    REJECTED = "ImportRejected"  # the file cannot be read as its type; nothing else happened
    READY = "ImportReady"  # every record has a pre-import status and a plan
    STARTED = "ImportStarted"  # Run was pressed, or the import runs by itself
    CANCELLING = "ImportCancelling"  # Run is being stopped; records not yet provisioned become skipped
    CANCELLED = "ImportCancelled"  # before Run: nothing was done
    COMPLETED = "ImportCompleted"  # every record has its import status; the counts are final
    EMAILS_RELEASED = "ImportEmailsReleased"  # welcome mails that were held may go out, also those still to come
    EMAILS_RESENT = "ImportEmailsResent"  # failed welcome mails are to be tried again; any number of times


# The row events are not frozen: building a frozen dataclass takes three times as long (docs/decisions/0003).


@dataclass(slots=True, kw_only=True)
class Problem:
    """Why a file, row or record is not plainly fine. `message` is one sentence that tells the person what to do."""

    code: str
    level: Level
    message: str
    field: str = ""  # the field's name, "" when the whole row is meant
    params: dict[str, str] = dataclasses.field(default_factory=dict)  # what the sentence was filled with


@dataclass(slots=True, kw_only=True)
class RowRead:
    """A row of a source file, as read. Topic `imports.rows`, key: email key."""

    import_id: str  # UUID
    experience_id: str  # UUID
    type: str  # import type, e.g. "experience-learners"
    row: int  # as the person's spreadsheet numbers it: the header is 1
    email_key: str  # "" when there is none
    cells: list[str]  # as read, all columns in file order
    columns: dict[str, int]  # field name -> index into cells (which may be shorter)
    problems: list[Problem] = dataclasses.field(default_factory=list)  # found while reading


@dataclass(slots=True, kw_only=True)
class RecordChecked:
    """A record's pre-import status and plan. Topic `imports.checks`, key: email key."""

    import_id: str
    experience_id: str
    row: int
    email_key: str
    cells: list[str]
    values: dict[str, str]  # field name -> value as interpreted
    status: PreImportStatus
    plan: Plan
    problems: list[Problem] = dataclasses.field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class RecordApproved:
    """A record handed over by Run. Topic `imports.approvals`, key: email key."""

    import_id: str
    experience_id: str
    type: str
    row: int
    email_key: str
    values: dict[str, str]
    plan: Plan


@dataclass(slots=True, kw_only=True)
class RecordProvisioned:
    """What was done for a record. Topic `imports.results`, key: email key."""

    import_id: str
    experience_id: str
    row: int
    email_key: str
    values: dict[str, str]
    plan: Plan
    outcome: Outcome
    at: str  # when the directory changed, ISO 8601 UTC
    account_id: int | None = None
    problem: Problem | None = None


@dataclass(slots=True, kw_only=True)
class ImportChanged:
    """One turn in an import's life, with the import as it was then. Topic `imports.lifecycle`, key: import id.
    `id` is the same whenever the same turn is told again."""

    id: str  # "<import id>/<type>", with "/1", "/2", ... for what may happen again; also the CloudEvents id
    type: LifecycleType
    at: str  # ISO 8601 UTC
    import_id: str
    import_type: str
    experience_id: str
    experience_name: str
    file_name: str
    emails: EmailPolicy
    submitted_by: str  # email of the administrator
    started_by: str = ""
    started_at: str = (
        ""  # when Run was pressed, ISO 8601 UTC; "" before. Its records' results are on their topic from then on
    )
    review_url: str = ""
    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    problems: list[Problem] = dataclasses.field(default_factory=list)  # of the file, when rejected


@dataclass(slots=True, kw_only=True)
class EmailSettled:
    """What became of one mail. Topic `imports.emails`, key: import id."""

    import_id: str
    kind: EmailKind
    status: EmailStatus
    at: str
    row: int | None = None  # None for the finish mail
    account_id: int | None = None
    reason: str = ""  # the mail server's words, without addresses


@dataclass(slots=True, kw_only=True)
class DirectoryChanged:
    """An account or membership changed by something else than an import. Topic `directory.changes`; key: email key for
    an account, `<email key>/<experience id>/<role>` for a membership. Newest `at` wins."""

    email_key: str
    present: bool
    at: str
    account_id: int | None = None
    experience_id: str = ""  # "" when the account itself is meant
    role: str = ""


_encode = msgspec.json.Encoder().encode


def encode(event: Any) -> bytes:
    """The event as JSON bytes."""
    return _encode(event)


class Codec(Generic[E]):
    """Reads one event type. Unknown fields are ignored, so that a newer producer is understood."""

    def __init__(self, event_type: type[E]) -> None:
        self.event_type = event_type
        self.decode = msgspec.json.Decoder(event_type).decode
