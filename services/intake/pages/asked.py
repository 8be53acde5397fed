"""What is asked of the records table, from an address or a form. Lenient: forms send empty fields, and people cut addresses;
what makes no sense is left out. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from services.intake.records.record_filters import Filters, RecordImportStatus
from shared.events import Outcome, Plan, PreImportStatus
from shared.problems import KINDS

E = TypeVar("E", bound=StrEnum)

_LAST_ROW = 2**31 - 1
_SEARCH_CHARACTERS = 300
_TRAIL_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the table: after which row, and where the pages before began (`2.51.104`)."""

    after: int = 0
    trail: str = ""


def filters_from(given: Mapping[str, str], *, q: str = "") -> Filters:
    """The filters; `q` comes from a form only."""
    problem = given.get("problem", "")
    return Filters(
        status=_one_of(PreImportStatus, given.get("status")),
        plan=_one_of(Plan, given.get("plan")),
        import_status=_one_of(RecordImportStatus, given.get("import_status")),
        outcome=_one_of(Outcome, given.get("outcome")),
        problem=problem if problem in KINDS else None,
        q=q[:_SEARCH_CHARACTERS].replace("\x00", " "),
    )


def place_from(given: Mapping[str, str]) -> Place:
    """The place; `row` leads to the page that begins with it."""
    if row := _number(given.get("row", "")):
        return Place(after=row - 1)
    after = _number(given.get("after", ""))
    return Place(after, given.get("trail", "")[:_TRAIL_CHARACTERS] if after else "")


def _one_of(kind: type[E], name: str | None) -> E | None:
    return kind(name) if name in list(kind) else None


def _number(text: str) -> int:
    return min(int(text), _LAST_ROW) if text.isascii() and text.isdigit() and len(text) <= 10 else 0
