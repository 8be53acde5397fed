"""Records as the rows of a table: values by column with the original where it differs, and which page comes before and after.
Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from services.intake.import_types import ColumnRule
from services.intake.records.record_filters import Filters

_SHOWN = 120  # characters of a value; its column says what is wrong with a longer one
TRAIL = 40  # how many pages back the address remembers
_NAMES = ("status", "plan", "import_status", "outcome", "problem")


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as interpreted, and as it was in the file where that differs."""

    field: str
    label: str
    value: str
    original: str | None


@dataclass(frozen=True, slots=True)
class Pages:
    """The queries of the pages around this one; None where there is none."""

    first: str | None
    previous: str | None
    next: str | None


def cells_of(record: Mapping[str, Any], columns: Sequence[ColumnRule], places: Mapping[str, int]) -> list[Cell]:
    """The values of a record (as the API shows it). `places` says where a field's cell is. Spaces around a value go
    silently, so they are no difference."""
    read: list[str] = record["cells"]
    cells = []
    for column in columns:
        value = record["values"].get(column.field, "")
        place = places.get(column.field)
        original = read[place] if place is not None and place < len(read) else ""
        differs = original.strip() != value.strip()
        cells.append(Cell(column.field, column.header, _shown(value), _shown(original) if differs else None))
    return cells


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def places_of(detected: Mapping[str, Any] | None) -> dict[str, int]:
    """Where each field's cell is in a row of the file."""
    columns = (detected or {}).get("columns", [])
    return {column["field"]: column["index"] for column in columns if column["field"]}


def filters_query(filters: Filters) -> dict[str, str]:
    """The filters for an address: never what is searched for."""
    return {name: str(value) for name in _NAMES if (value := getattr(filters, name))}


def pages_around(asked: Mapping[str, str], *, after: int, trail: str, next_after: int | None) -> Pages:
    """The ways on and back. Records are only walked forwards; the way back is the trail of where earlier pages began."""
    passed = [int(step) for step in trail.split(".") if step.isdigit()][-TRAIL:]
    onward = None
    if next_after is not None:
        onward = _query(asked, after=next_after, passed=[*passed, after])
    if not after:
        return Pages(None, None, onward)
    back = _query(asked, after=passed[-1], passed=passed[:-1]) if passed else None
    return Pages(_query(asked, after=0, passed=[]), back, onward)


def _query(asked: Mapping[str, str], *, after: int, passed: Sequence[int]) -> str:
    place = {"after": str(after)} if after else {}
    trail = {"trail": ".".join(map(str, passed[-TRAIL:]))} if after and passed else {}
    return f"?{urlencode({**asked, **place, **trail})}"
