"""What a batch of approvals means for the directory: which accounts and memberships it needs, and what is said of every
record. Values in, values out; asking and writing is left to provision.py."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from shared.email_key import email_key
from shared.events import Outcome, Problem, RecordApproved
from shared.problems import problem

IMPORT_TYPE = "experience-learners"  # the import type whose effect is written here
LARGEST_ROW = 2**31 - 1  # what the results table can hold

Place = tuple[int, str]  # account id, experience id: where somebody is a learner


class Finding(NamedTuple):
    """What is said of one record."""

    outcome: Outcome
    account_id: int | None = None
    problem: Problem | None = None


@dataclass(slots=True)
class Directory:
    """What the directory knows of the people of a batch."""

    accounts: dict[str, int] = field(default_factory=dict)  # email key -> account id
    learners: set[Place] = field(default_factory=set)


@lru_cache(maxsize=1024)
def is_id(text: str) -> bool:
    """Whether the text is a UUID in the form that all events use."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def flaw(approval: RecordApproved) -> str | None:
    """Why this approval cannot even be answered, as a stable code: a result is kept under import id and row."""
    if not is_id(approval.import_id):
        return "approval.import_id_invalid"
    if not 0 < approval.row <= LARGEST_ROW:
        return "approval.row_invalid"
    return None


def refusal(approval: RecordApproved) -> str | None:
    """Why this approval is not acceptable, in words that end the problem's sentence."""
    if approval.type != IMPORT_TYPE:
        return "its import type is not known here"
    if not is_id(approval.experience_id):
        return "its experience is not known"
    if not approval.email_key:
        return "it has no email"
    if email_key(approval.values.get("email", "")) != approval.email_key:
        return "its email is not the one it was handed over for"
    return None


def settle_alone(approvals: Sequence[RecordApproved], cancelled: Collection[str]) -> dict[int, Finding]:
    """The records, by their place in the batch, that are answered without asking the directory."""
    settled: dict[int, Finding] = {}
    for index, approval in enumerate(approvals):
        if cancelled and approval.import_id in cancelled:
            settled[index] = Finding(Outcome.SKIPPED)
        elif reason := refusal(approval):
            settled[index] = Finding(Outcome.FAILED, problem=problem("provision.refused", reason=reason))
    return settled


def first_of_each_person(
    approvals: Sequence[RecordApproved], settled: Mapping[int, Finding]
) -> dict[str, RecordApproved]:
    """Email key -> the record whose values a new account gets."""
    people: dict[str, RecordApproved] = {}
    for index, approval in enumerate(approvals):
        if index not in settled:
            people.setdefault(approval.email_key, approval)
    return people


def experiences_asked_for(approvals: Sequence[RecordApproved], settled: Mapping[int, Finding]) -> set[str]:
    """The experiences that the records still to be settled are about."""
    return {approval.experience_id for index, approval in enumerate(approvals) if index not in settled}


def places_to_add(
    approvals: Sequence[RecordApproved], settled: Mapping[int, Finding], directory: Directory
) -> dict[Place, str]:
    """The memberships that do not exist -> the import that adds them. Everybody's account must be in the directory."""
    accounts, learners = directory.accounts, directory.learners
    places: dict[Place, str] = {}
    for index, approval in enumerate(approvals):
        if index in settled:
            continue
        place = (accounts[approval.email_key], approval.experience_id)
        if place not in learners:
            places.setdefault(place, approval.import_id)
    return places


def find_outcomes(
    approvals: Sequence[RecordApproved],
    settled: Mapping[int, Finding],
    *,
    accounts: Mapping[str, int],
    created: Iterable[str],
    added: Iterable[Place],
) -> list[Finding]:
    """What is said of each record. The first record of a person has created the account, the first one of a person in an
    experience has added the membership; the following ones changed nothing."""
    created_unsaid, added_unsaid = set(created), set(added)
    findings: list[Finding] = []
    for index, approval in enumerate(approvals):
        if index in settled:
            findings.append(settled[index])
            continue
        key = approval.email_key
        account_id = accounts[key]
        place = (account_id, approval.experience_id)
        outcome = Outcome.UNCHANGED
        if place in added_unsaid:
            added_unsaid.discard(place)
            outcome = Outcome.CREATED if key in created_unsaid else Outcome.ADDED
            created_unsaid.discard(key)
        findings.append(Finding(outcome, account_id))
    return findings
