"""What the ledger must say of an import, in the simplest words: sets and dicts. Knows no SQL and no batches."""

from collections import Counter
from dataclasses import dataclass, field

from services.intake.states import ImportStatus as S
from shared.events import Outcome, Plan, PreImportStatus

MOST_ROWS = 6  # that a file may have here
REPAIR_TRIES = 1
TOLD = {
    S.READY: "ImportReady", S.RUNNING: "ImportStarted", S.CANCELLING: "ImportCancelling",
    S.FINISHED: "ImportCompleted", S.REJECTED: "ImportRejected", S.CANCELLED: "ImportCancelled",
}  # fmt: skip
AFTER_RUN = (S.RUNNING, S.CANCELLING, S.FINISHED)


@dataclass
class ModelImport:
    """One import as it should be."""

    rows: frozenset[int]  # of its file
    by_itself: bool  # to be run when it is clean
    status: S = S.SUBMITTED
    told: list[str] = field(default_factory=lambda: ["ImportSubmitted"])
    read: bool = False  # all rows are published
    records: dict[int, tuple[PreImportStatus, Plan]] = field(default_factory=dict)
    out: set[int] = field(default_factory=set)  # rows whose approvals may be out
    handed_over: bool = False  # all approvals are published, or given up
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    stand_ins: set[int] = field(default_factory=set)  # rows whose outcome is `internal.no_answer`
    tries: int = 0  # repairs since something moved

    @property
    def readable(self) -> bool:
        return 0 < len(self.rows) <= MOST_ROWS

    @property
    def importable(self) -> set[int]:
        return {row for row, (status, _) in self.records.items() if status != PreImportStatus.ERROR}

    @property
    def needs_work(self) -> bool:
        """Without anybody having waited for long."""
        match self.status:
            case S.SUBMITTED:
                return True
            case S.PREPROCESSING:
                return not self.read
            case S.RUNNING | S.CANCELLING:
                return not self.handed_over
        return False

    @property
    def waits_for_answers(self) -> bool:
        return (self.status is S.PREPROCESSING and self.read) or (
            self.status in (S.RUNNING, S.CANCELLING) and self.handed_over
        )

    def turn(self, status: S) -> None:
        self.status, self.tries = status, 0
        if status in TOLD:
            self.told.append(TOLD[status])

    def check(self, row: int, status: PreImportStatus, plan: Plan) -> bool:
        """An answer of the validator comes; whether it is news."""
        if self.status is not S.PREPROCESSING or row in self.records or (self.read and row > max(self.rows)):
            return False
        self.records[row], self.tries = (status, plan), 0
        return True

    def settle(self) -> None:
        """Take the turns that follow by themselves once a batch is kept."""
        if self.status is S.PREPROCESSING and self.read and len(self.records) >= len(self.rows):
            self.turn(S.READY)
            clean = all(status == PreImportStatus.READY for status, _ in self.records.values())
            if self.by_itself and clean:
                self.run()
        if self.status in (S.RUNNING, S.CANCELLING) and self.handed_over and len(self.outcomes) >= len(self.importable):
            self.turn(S.FINISHED)

    def run(self) -> None:
        self.turn(S.RUNNING)
        if not self.importable:
            self.turn(S.FINISHED)

    def cancel(self) -> None:
        self.turn(S.CANCELLING if self.status is S.RUNNING else S.CANCELLED)

    def provision(self, row: int, outcome: Outcome) -> None:
        """The provisioner's word comes, always the same for a row: it replaces whatever we had put down in its stead."""
        if self.status not in AFTER_RUN or row not in self.out:
            return
        if row not in self.outcomes or row in self.stand_ins:
            self.outcomes[row], self.tries = outcome, 0
            self.stand_ins.discard(row)

    def work(self) -> None:
        """A process did all that there was to do, undisturbed."""
        self.read_all()
        if self.status in (S.RUNNING, S.CANCELLING) and not self.handed_over:
            self.handed_over = True
            if self.status is S.CANCELLING:
                self.outcomes |= dict.fromkeys(self.importable - self.out, Outcome.SKIPPED)
            self.settle()

    def read_all(self) -> None:
        """A process has published all rows, or found that the file cannot be read."""
        if self.status not in (S.SUBMITTED, S.PREPROCESSING) or self.read:
            return
        if not self.readable:
            self.records.clear()
            return self.turn(S.REJECTED)
        self.status, self.read = S.PREPROCESSING, True
        self.records = {row: found for row, found in self.records.items() if row <= max(self.rows)}
        self.settle()

    def repair(self) -> None:
        """Nobody answered for long, and a process noticed: it asks again, or gives up."""
        self.tries += 1
        if self.tries <= REPAIR_TRIES:
            return
        if self.status is S.PREPROCESSING:
            for row in self.rows - self.records.keys():
                self.check(row, PreImportStatus.ERROR, Plan.NONE)
        else:
            missing = (self.importable & self.out) - self.outcomes.keys()
            self.outcomes |= dict.fromkeys(missing, Outcome.FAILED)
            self.stand_ins |= missing
        self.tries = 0
        self.settle()

    def counters(self) -> dict[str, int]:
        """As the columns of the ledger."""
        statuses = Counter(str(status) for status, _ in self.records.values())
        plans = Counter(str(plan) for _, plan in self.records.values())
        outcomes = Counter(str(outcome) for outcome in self.outcomes.values())
        return (
            {"checked": len(self.records), "provisioned": len(self.outcomes)}
            | {status.value: statuses[status] for status in PreImportStatus}
            | {f"plan_{plan.value}": plans[plan] for plan in Plan if plan != Plan.NONE}
            | {outcome.value: outcomes[outcome] for outcome in Outcome}
        )
