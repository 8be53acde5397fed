"""What is asked of records, in the ledger's terms, and which index to walk for it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.intake.records.words import words_in
from services.intake.states import ImportStatus
from shared.events import Level, Outcome, Plan, PreImportStatus
from shared.problems import KINDS


class RecordImportStatus(StrEnum):
    """What Run made of a record."""

    PENDING = "pending"  # not known yet
    SUCCESS = "success"
    ERROR = "error"  # a pre-import error, or failed at Run
    SKIPPED = "skipped"  # cancelled or excluded


BEFORE_RUN = {ImportStatus.SUBMITTED, ImportStatus.PREPROCESSING, ImportStatus.READY, ImportStatus.REJECTED}
FEW_RECORDS = 2_000  # their values are read sooner than a frequent word is sorted out of the index
NO_OUTCOME, PRE_IMPORT_ERROR = "pending", "error"  # results of records that Run gave no outcome

_RESULTS = {
    RecordImportStatus.PENDING: (NO_OUTCOME,),
    RecordImportStatus.SUCCESS: (Outcome.CREATED, Outcome.ADDED, Outcome.UNCHANGED),
    RecordImportStatus.ERROR: (PRE_IMPORT_ERROR, Outcome.FAILED),
    RecordImportStatus.SKIPPED: (Outcome.SKIPPED,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The filters as the caller gave them; all must hold."""

    status: PreImportStatus | None = None
    plan: Plan | None = None
    import_status: RecordImportStatus | None = None
    outcome: Outcome | None = None
    problem: str | None = None
    q: str = ""

    @property
    def statuses(self) -> list[str]:
        """The pre-import statuses that are let through."""
        return [self.status] if self.status else list(PreImportStatus)

    @property
    def plans(self) -> list[str]:
        """The plans that are let through."""
        return [self.plan] if self.plan else list(Plan)

    @property
    def words(self) -> list[str]:
        """The beginnings of words that a record must have."""
        return sorted(words_in([self.q]))


class Walk(StrEnum):
    """The index whose order leads through the records."""

    ROWS = "rows"
    STATUSES = "statuses"
    RESULTS = "results"
    PROBLEMS = "problems"
    WORDS = "words"
    NOWHERE = "nowhere"  # no record can match


def results_of(filters: Filters, import_status: str) -> list[str] | None:
    """The results that both import status and outcome let through; None: any, []: none."""
    results = results_for(filters.import_status, import_status)
    if filters.outcome is None:
        return results
    return [str(filters.outcome)] if results is None or filters.outcome in results else []


def results_for(asked: RecordImportStatus | None, import_status: str) -> list[str] | None:
    """The results that give a record the import status asked for; None: any, []: none."""
    if asked is None:
        return None
    if import_status in BEFORE_RUN:
        return None if asked is RecordImportStatus.PENDING else []
    if import_status == ImportStatus.CANCELLED:  # nothing was run: what could have been imported was skipped
        left = {RecordImportStatus.SKIPPED: [NO_OUTCOME], RecordImportStatus.ERROR: [PRE_IMPORT_ERROR]}
        return left.get(asked, [])
    if import_status == ImportStatus.FINISHED and asked is RecordImportStatus.PENDING:
        return []
    return [str(result) for result in _RESULTS[asked]]


def import_status_of(status: str, outcome: str | None, *, import_status: str) -> RecordImportStatus:
    """A record's import status from its pre-import status, its outcome and the status of its import."""
    if import_status in BEFORE_RUN:
        return RecordImportStatus.PENDING
    if status == PreImportStatus.ERROR or outcome == Outcome.FAILED:
        return RecordImportStatus.ERROR
    if outcome is None:
        cancelled = import_status == ImportStatus.CANCELLED
        return RecordImportStatus.SKIPPED if cancelled else RecordImportStatus.PENDING
    return RecordImportStatus.SKIPPED if outcome == Outcome.SKIPPED else RecordImportStatus.SUCCESS


def choose_walk(filters: Filters, results: list[str] | None, counts: Mapping[str, Any]) -> Walk:
    """The index that leads to the fewest records. `counts` are the counters of the import. When words are sought and the
    answer is not WORDS, there are so few records that the words are best looked for in each."""
    if results == []:
        return Walk.NOWHERE
    records, walk = _narrowest(filters, results, counts)
    return Walk.WORDS if filters.words and records > FEW_RECORDS else walk


def _narrowest(filters: Filters, results: list[str] | None, counts: Mapping[str, Any]) -> tuple[int, Walk]:
    """A walk without words, and how many records it leads to at most."""
    if filters.problem:
        return _with_problem(filters.problem, counts), Walk.PROBLEMS
    status = counts[filters.status] if filters.status else counts["rows"]
    plan = _planned(filters.plan, counts) if filters.plan else counts["rows"]
    by_status = min(status, plan)
    if results and NO_OUTCOME not in results:
        by_result = sum(counts[result] for result in results)
        if by_result <= by_status:
            return by_result, Walk.RESULTS
    return by_status, Walk.STATUSES if filters.status or filters.plan or results else Walk.ROWS


def _with_problem(code: str, counts: Mapping[str, Any]) -> int:
    if code not in KINDS:
        return int(counts["rows"])
    return int(counts["error"] + counts["failed" if KINDS[code].level is Level.ERROR else "warning"])


def _planned(plan: Plan, counts: Mapping[str, Any]) -> int:
    return int(counts["error"] if plan is Plan.NONE else counts[f"plan_{plan}"])
