"""What a mail is, which states it goes through, and which mails a batch of events asks for. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from shared.events import EmailKind, EmailPolicy, ImportChanged, LifecycleType, Outcome, RecordProvisioned

# Control characters, line separators, text-direction overrides and halves of characters: a header must not break at
# them, the database does not store some of them, and none belongs in a name.
_UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_POLICIES = frozenset(EmailPolicy)
_LAST_ACCOUNT = 2**63  # what a bigint cannot hold
_LAST_ROW = 2**31
_TURNS = (
    LifecycleType.STARTED,
    LifecycleType.CANCELLING,
    LifecycleType.COMPLETED,
    LifecycleType.EMAILS_RELEASED,
)  # those that say all that mails need


class MailStatus(StrEnum):
    """Where a mail is in the queue."""

    WAITING = "waiting"  # its import is not known yet
    HELD = "held"  # its import holds welcome mails back
    QUEUED = "queued"  # to be sent once `next_attempt_at` has come
    CLAIMED = "claimed"  # taken by one process, not handed to the mail server yet
    SENDING = "sending"  # being handed over: the mail server may or may not have it
    SENT = "sent"  # the mail server said that it has it
    FAILED = "failed"  # the mail server refuses it, or put it off for too long
    DOUBTFUL = "doubtful"  # handed over, the answer was lost; not sent again by itself


class NewMail(NamedTuple):
    """A mail to be queued, in the order of the queue's columns."""

    id: str
    kind: str
    import_id: UUID
    account_id: int | None
    row: int
    address: str
    first_name: str = ""
    last_name: str = ""
    status: str = MailStatus.QUEUED


class ImportFacts(NamedTuple):
    """What mails say about their import, and its policy for welcome mails."""

    id: UUID
    policy: EmailPolicy
    experience_id: str
    experience_name: str
    file_name: str
    review_url: str
    counts: dict[str, int]
    released: bool = False  # welcome mails that the policy holds may go out


class Resend(NamedTuple):
    """Somebody wants the welcome mails of an import that failed to be tried again."""

    id: str  # of the event
    import_id: UUID


class Settlement(NamedTuple):
    """What to write down about a mail that was tried."""

    id: str
    status: str
    reason: str = ""
    pause: float = 0.0  # seconds until the next attempt, when queued again


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A claimed mail with all that its text needs."""

    id: str
    kind: EmailKind
    import_id: str
    account_id: int | None
    row: int
    address: str
    first_name: str
    last_name: str
    attempts: int  # before this one
    tried_for: float  # seconds since the first attempt
    experience_id: str
    experience_name: str
    file_name: str
    review_url: str
    counts: dict[str, int]


def one_line(text: str) -> str:
    """The text without line breaks and other characters that do not belong in a name or a header."""
    return text if text.isascii() and text.isprintable() else _UNWANTED.sub(" ", text).strip()


def welcome_mails(events: Iterable[RecordProvisioned]) -> tuple[list[NewMail], list[tuple[int, str]]]:
    """The welcome mails of a batch sorted by id, and the events that cannot be followed with the reason."""
    mails: list[NewMail] = []
    refused: list[tuple[int, str]] = []
    import_ids: dict[str, UUID | None] = {}  # few imports, many events
    for index, event in enumerate(events):
        if event.outcome is not Outcome.CREATED:
            continue
        text, account = event.import_id, event.account_id
        import_id = import_ids[text] if text in import_ids else import_ids.setdefault(text, _uuid(text))
        if import_id is None:
            refused.append((index, "result.import_id_invalid"))
        elif account is None or not 0 <= account < _LAST_ACCOUNT or not 0 <= event.row < _LAST_ROW:
            refused.append((index, "result.account_or_row_invalid"))
        else:
            mails.append(_welcome(event, import_id, account))
    mails.sort()
    return mails, refused


def _welcome(event: RecordProvisioned, import_id: UUID, account: int) -> NewMail:
    values = event.values
    return NewMail(
        f"welcome.{account}.{import_id}",
        EmailKind.WELCOME,
        import_id,
        account,
        event.row,
        one_line(values.get("email", "") or event.email_key),
        one_line(values.get("first_name", "")),
        one_line(values.get("last_name", "")),
    )


def import_facts(
    events: Iterable[ImportChanged],
) -> tuple[list[ImportFacts], list[NewMail], list[tuple[int, str]]]:
    """What a batch tells about imports (newest word per import), the finish mails it asks for, and refused events."""
    facts: dict[UUID, ImportFacts] = {}
    finishes: dict[UUID, NewMail] = {}
    released: set[UUID] = set()
    refused: list[tuple[int, str]] = []
    for index, event in enumerate(events):
        if event.type not in _TURNS:
            continue
        import_id = _uuid(event.import_id)
        if import_id is None:
            refused.append((index, "lifecycle.import_id_invalid"))
            continue
        if event.emails not in _POLICIES:  # of a newer version: nobody knows whether mails may go out
            refused.append((index, "lifecycle.email_policy_unknown"))
            continue
        if event.type is LifecycleType.COMPLETED or import_id not in finishes:  # an old turn told again knows less
            facts[import_id] = _facts(event, import_id)
        if event.type is LifecycleType.COMPLETED:
            finishes[import_id] = _finish(event, import_id)
        if event.type is LifecycleType.EMAILS_RELEASED:
            released.add(import_id)
    known = [facts[import_id]._replace(released=import_id in released) for import_id in sorted(facts)]
    return known, sorted(finishes.values()), refused


def resends(events: Iterable[ImportChanged]) -> tuple[list[Resend], list[tuple[int, str]]]:
    """What a batch asks to be sent again, and refused events."""
    asked: list[Resend] = []
    refused: list[tuple[int, str]] = []
    for index, event in enumerate(events):
        if event.type is not LifecycleType.EMAILS_RESENT:
            continue
        import_id = _uuid(event.import_id)
        if import_id is None:
            refused.append((index, "lifecycle.import_id_invalid"))
        else:
            asked.append(Resend(one_line(event.id), import_id))
    return asked, refused


def _facts(event: ImportChanged, import_id: UUID) -> ImportFacts:
    counts = event.counts if event.type is LifecycleType.COMPLETED else {}
    return ImportFacts(
        import_id,
        event.emails,
        one_line(event.experience_id),
        one_line(event.experience_name),
        one_line(event.file_name),
        one_line(event.review_url),
        counts,
    )


def _finish(event: ImportChanged, import_id: UUID) -> NewMail:
    address = one_line(event.started_by or event.submitted_by)
    return NewMail(f"finish.{import_id}", EmailKind.FINISH, import_id, None, 0, address)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def status_under(policy: str | None) -> MailStatus | None:
    """The state in which a welcome mail enters the queue; None: it does not."""
    match policy:
        case EmailPolicy.SEND:
            return MailStatus.QUEUED
        case EmailPolicy.HOLD:
            return MailStatus.HELD
        case EmailPolicy.NONE:
            return None
    return MailStatus.WAITING


def mail_from_record(record: Any, counts: dict[str, int]) -> Mail:
    """A claimed mail from its row in the database."""
    fields = {name: record[name] for name in Mail.__slots__ if name not in ("kind", "counts")}
    return Mail(kind=EmailKind(record["kind"]), counts=counts, **fields)
