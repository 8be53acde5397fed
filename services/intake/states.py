"""The states of an import and the one function that says which turn leads where. Pure; take_turn.py takes the turns."""

from dataclasses import dataclass
from enum import StrEnum


class ImportStatus(StrEnum):
    """What is true of an import now."""

    SUBMITTED = "submitted"  # the source file is stored
    PREPROCESSING = "preprocessing"  # rows are read and checked
    READY = "ready"  # every record has a pre-import status and a plan; waits for a person
    RUNNING = "running"  # records are handed over and provisioned
    CANCELLING = "cancelling"  # no more records are handed over; answers under way are awaited
    FINISHED = "finished"  # every record that could be imported has an outcome
    REJECTED = "rejected"  # the file cannot be read as its import type; nothing else happened
    CANCELLED = "cancelled"  # stopped before Run; nothing was done


class RunMoment(StrEnum):
    """When an import that is ready is run."""

    AFTER_REVIEW = "after-review"  # when a person presses Run
    WHEN_CLEAN = (
        "when-clean"  # by itself, if neither a record nor the file has a problem; else when a person presses Run
    )


class Turn(StrEnum):
    """What can happen to an import."""

    READ = "read"  # reading starts
    REJECT = "reject"  # the file turns out not to be readable
    CHECK_LAST = "check the last"  # the last record was checked
    RUN = "run"  # a person presses Run
    CANCEL = "cancel"  # a person presses Cancel
    SETTLE_LAST = "settle the last"  # the last outcome is known


@dataclass(frozen=True, slots=True)
class Refused:
    """A turn that the import's status does not allow. `message` tells the person why."""

    code: str
    message: str


_S = ImportStatus
_ALLOWED = {
    (_S.SUBMITTED, Turn.READ): _S.PREPROCESSING,
    (_S.SUBMITTED, Turn.REJECT): _S.REJECTED,
    (_S.SUBMITTED, Turn.CANCEL): _S.CANCELLED,
    (_S.PREPROCESSING, Turn.REJECT): _S.REJECTED,
    (_S.PREPROCESSING, Turn.CHECK_LAST): _S.READY,
    (_S.PREPROCESSING, Turn.CANCEL): _S.CANCELLED,
    (_S.READY, Turn.RUN): _S.RUNNING,
    (_S.READY, Turn.CANCEL): _S.CANCELLED,
    (_S.RUNNING, Turn.CANCEL): _S.CANCELLING,
    (_S.RUNNING, Turn.SETTLE_LAST): _S.FINISHED,
    (_S.CANCELLING, Turn.SETTLE_LAST): _S.FINISHED,
}
_WHY_NOT = {
    _S.SUBMITTED: Refused("import.not_ready", "The import has not been read yet; wait until it is ready."),
    _S.PREPROCESSING: Refused("import.not_ready", "The import is still being checked; wait until it is ready."),
    _S.READY: Refused("import.not_started", "The import is ready and has not been run; run it first."),
    _S.RUNNING: Refused("import.already_started", "The import has been run already; an import runs once."),
    _S.CANCELLING: Refused("import.already_cancelled", "The import is being cancelled already."),
    _S.FINISHED: Refused("import.already_finished", "The import is finished; upload the file again to import more."),
    _S.REJECTED: Refused("import.rejected", "The file was rejected; correct it and upload it again."),
    _S.CANCELLED: Refused("import.already_cancelled", "The import was cancelled; upload the file again to import it."),
}


def next_status(status: ImportStatus, turn: Turn) -> ImportStatus | Refused:
    """Where a turn leads from a status, or why it is refused."""
    return _ALLOWED.get((status, turn)) or why_not(status)


def why_not(status: ImportStatus) -> Refused:
    """Why an import in this status does not do what somebody wants of it."""
    return _WHY_NOT[status]
