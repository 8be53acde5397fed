"""What a page shows of an import and its records, and what an address asks for. Pure."""

from typing import Any

import pytest

from services.intake.import_types import EXPERIENCE_LEARNERS
from services.intake.pages.asked import Place, filters_from, place_from
from services.intake.pages.import_view import (
    Phase,
    imported,
    phase_of,
    result_tiles,
    review_tiles,
    segments,
    still_to_do,
)
from services.intake.pages.record_rows import cells_of, filters_query, pages_around, places_of
from services.intake.records.record_filters import Filters, RecordImportStatus
from services.intake.states import ImportStatus
from shared.events import Plan, PreImportStatus


def an_import(**counts: int) -> dict[str, Any]:
    names = (
        "rows", "ready", "warning", "error", "plan_create", "plan_add", "plan_nothing", "created", "added", "unchanged",
        "failed", "skipped", "provisioned",
    )  # fmt: skip
    return {name: counts.get(name, 0) for name in names}


@pytest.mark.parametrize("status", ImportStatus)
def test_every_status_has_its_phase(status: ImportStatus) -> None:
    assert phase_of(status) in Phase


def test_review_tiles_add_up_to_the_records() -> None:
    found = an_import(rows=250, plan_create=187, plan_add=41, plan_nothing=12, error=10)
    assert [tile.count for tile in review_tiles(found)] == [187, 41, 12, 10]


def test_rare_outcomes_show_up_when_there_are_any() -> None:
    assert "failed" not in {tile.name for tile in result_tiles(an_import(created=1))}
    found = an_import(rows=9, created=2, added=1, unchanged=1, failed=2, skipped=1, error=2, provisioned=7)
    assert sum(tile.count for tile in result_tiles(found)) == 9
    assert (still_to_do(found), imported(found)) == (0, 4)


def test_a_tile_leads_to_the_records_that_it_counts_and_says_what_was_planned_where_that_differs() -> None:
    found = an_import(rows=9, plan_create=5, plan_add=2, created=4, added=3, failed=0, error=2, provisioned=7)
    created, added, unchanged, *_ = result_tiles(found)
    assert (created.filters, created.planned) == ({"outcome": "created"}, 5)
    assert (added.filters, added.planned) == ({"outcome": "added"}, 2)
    assert unchanged.planned is None
    assert result_tiles({**found, "provisioned": 6})[0].planned is None  # Run is not over: of course it differs


def test_a_bar_shows_even_one_of_a_million_and_is_never_longer_than_itself() -> None:
    found = segments(review_tiles(an_import(plan_create=999_999, error=1)), 1_000_000)
    assert [part.name for part in found] == ["create", "none"]
    assert all(part.x + part.width <= 1000 for part in found)
    assert segments(review_tiles(an_import()), 0) == []


def test_an_endless_value_is_shown_by_its_beginning() -> None:
    record = {"cells": ["x" * 300], "values": {"email": "y" * 256}}
    email, *_ = cells_of(record, EXPERIENCE_LEARNERS.columns, {"email": 0})
    assert (email.value, email.original) == ("y" * 120 + "…", "x" * 120 + "…")


def test_the_original_is_shown_where_it_says_something_else() -> None:
    detected = {
        "columns": [{"header": "x", "field": None, "index": 0}, {"header": "Mail", "field": "email", "index": 1}]
    }
    record = {"cells": ["?", " Ada@Example.ORG "], "values": {"email": "ada@example.org", "first_name": ""}}
    email, first, last = cells_of(record, EXPERIENCE_LEARNERS.columns, places_of(detected))
    assert (email.value, email.original) == ("ada@example.org", " Ada@Example.ORG ")
    assert (first.original, last.original) == (None, None)
    plain = {"cells": ["?", " ada@example.org"], "values": {"email": "ada@example.org"}}
    assert cells_of(plain, EXPERIENCE_LEARNERS.columns, places_of(detected))[0].original is None


def test_pages_lead_on_and_back_the_way_one_came() -> None:
    asked = {"status": "error"}
    first = pages_around(asked, after=0, trail="", next_after=51)
    assert (first.first, first.previous, first.next) == (None, None, "?status=error&after=51&trail=0")
    second = pages_around(asked, after=51, trail="0", next_after=101)
    assert (second.previous, second.next) == ("?status=error", "?status=error&after=101&trail=0.51")
    third = pages_around(asked, after=101, trail="0.51", next_after=None)
    assert (third.previous, third.next) == ("?status=error&after=51&trail=0", None)
    jumped = pages_around({}, after=777, trail="", next_after=None)
    assert (jumped.first, jumped.previous) == ("?", None)


def test_what_makes_no_sense_in_an_address_is_left_out() -> None:
    given = {
        "status": "error",
        "plan": "fly",
        "import_status": "",
        "problem": "'; drop table",
        "q": "ada",
        "after": "x",
    }
    assert filters_from(given) == Filters(status=PreImportStatus.ERROR)
    assert place_from(given) == Place()
    assert place_from({"row": "99990", "after": "3"}) == Place(99989)
    assert place_from({"after": "9" * 40}) == Place()
    assert place_from({"after": "٣"}) == Place()


def test_what_is_searched_for_is_never_in_an_address() -> None:
    filters = Filters(plan=Plan.ADD, import_status=RecordImportStatus.SUCCESS, problem="email.missing", q="ada")
    assert filters_query(filters) == {"plan": "add", "import_status": "success", "problem": "email.missing"}
