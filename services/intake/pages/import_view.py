"""An import in the words of its page: which phase it is in, the tiles on top, the bar, what Run will do. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from services.intake.records.email_view import Row
from services.intake.states import ImportStatus

_BAR_WIDTH = 1000


class Phase(StrEnum):
    """What the page of an import is about."""

    PREPARING = "preparing"  # pre-processing; live
    REVIEW = "review"  # waits for Run
    RUNNING = "running"  # live
    RESULTS = "results"
    REJECTED = "rejected"
    CANCELLED = "cancelled"  # before Run


_PHASES = {
    ImportStatus.SUBMITTED: Phase.PREPARING,
    ImportStatus.PREPROCESSING: Phase.PREPARING,
    ImportStatus.READY: Phase.REVIEW,
    ImportStatus.RUNNING: Phase.RUNNING,
    ImportStatus.CANCELLING: Phase.RUNNING,
    ImportStatus.FINISHED: Phase.RESULTS,
    ImportStatus.REJECTED: Phase.REJECTED,
    ImportStatus.CANCELLED: Phase.CANCELLED,
}
ASK_TO_CANCEL = {ImportStatus.SUBMITTED, ImportStatus.PREPROCESSING, ImportStatus.READY, ImportStatus.RUNNING}


@dataclass(frozen=True, slots=True)
class Tile:
    """A number with its words, and the filters that show the records behind it."""

    name: str
    count: int
    filters: Mapping[str, str]
    live: str  # where the API's import has the same number
    planned: int | None = None  # where Run is over and did something else


class Segment(NamedTuple):
    """A part of a bar, in thousandths of its length."""

    name: str
    x: int
    width: int


def phase_of(status: str) -> Phase:
    """The phase that an import with this status is in."""
    return _PHASES[ImportStatus(status)]


def is_moving(row: Row) -> bool:
    """Will it soon say something else by itself?"""
    return phase_of(row["status"]) in (Phase.PREPARING, Phase.RUNNING)


def review_tiles(row: Row) -> list[Tile]:
    """What Run will do, in four numbers that add up to the records."""
    return [
        Tile("create", row["plan_create"], {"plan": "create"}, "counts.create"),
        Tile("add", row["plan_add"], {"plan": "add"}, "counts.add"),
        Tile("nothing", row["plan_nothing"], {"plan": "nothing"}, "counts.nothing"),
        Tile("none", row["error"], {"plan": "none"}, "counts.none"),
    ]


def result_tiles(row: Row) -> list[Tile]:
    """What Run did, in numbers that add up to the records once it is over. Rare ones show up when there are any."""
    return [
        _outcome_tile("created", row, planned=row["plan_create"]),
        _outcome_tile("added", row, planned=row["plan_add"]),
        _outcome_tile("unchanged", row, planned=row["plan_nothing"]),
        Tile("not_imported", row["error"], {"status": "error"}, "counts.error"),
        *(_outcome_tile(name, row) for name in ("failed", "skipped") if row[name]),
    ]


def _outcome_tile(name: str, row: Row, *, planned: int | None = None) -> Tile:
    tells = planned != row[name] and not still_to_do(row)
    return Tile(name, row[name], {"outcome": name}, f"counts.{name}", planned if tells else None)


def still_to_do(row: Row) -> int:
    """Records that Run has not come to yet."""
    return max(0, int(row["rows"] - row["error"] - row["provisioned"]))


def segments(tiles: Iterable[Tile], total: int) -> list[Segment]:
    """The tiles as parts of a bar. What is there at all is seen: no part is thinner than a five-hundredth."""
    found, x = [], 0
    for tile in tiles:
        if tile.count and total:
            width = max(2, round(_BAR_WIDTH * tile.count / total))
            found.append(Segment(tile.name, x, min(width, _BAR_WIDTH - x)))
            x += width
    return found


def imported(row: Row) -> int:
    """Records that Run made learners, or that were learners already."""
    return int(row["created"] + row["added"] + row["unchanged"])


def to_run(row: Row) -> int:
    """Records that Run will hand over."""
    return int(row["ready"] + row["warning"])
