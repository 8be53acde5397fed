"""Records: what is shown, filters and search together and alone, pages, the file to correct."""

import codecs
import csv
import io
import itertools
import random
from dataclasses import replace
from typing import Any

import pytest

from services.intake.records.words import finds, words_in, words_of
from tests.integration.intake.api.ledger import Kept
from tests.integration.intake.api.world import Api, is_problem

DETECTED = '{"columns": [{"header": "Email"}, {"header": "=First"}, {"header": "Last Name"}], "is_result_file": false}'


async def _records(api: Api, import_id: str, *, limit: int = 1000, **asked: Any) -> list[dict[str, Any]]:
    """All pages."""
    found: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        answer = await api.mine.get(f"/imports/{import_id}/records", params={"limit": limit, "after": after, **asked})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= limit
        found += page["items"]
        after = page["next_after"]
    return found


async def test_a_record_shows_everything_that_is_known(api: Api) -> None:
    import_id = (await api.new_import())["id"]
    kept = Kept(2, "Bo@Gmial.com", "Bo ", "Ek", status="warning", problems=["email.domain_suspicious"], outcome="added")
    await api.ledger.keep(import_id, kept)
    await api.ledger.turn(import_id, "finished")
    [found] = await _records(api, import_id)
    [problem] = found.pop("problems")
    assert set(problem) == {"code", "field", "level", "message"}
    assert (problem["code"], problem["field"], problem["level"]) == ("email.domain_suspicious", "email", "warning")
    assert found == {
        "row": 2, "cells": ["Bo@Gmial.com", "Bo ", "Ek"],
        "values": {"email": "Bo@Gmial.com", "first_name": "Bo ", "last_name": "Ek"},
        "status": "warning", "plan": "create", "import_status": "success", "outcome": "added", "drift": True, "email": "none",
        "email_reason": "",
    }  # fmt: skip


def _mixed(number: int) -> list[Kept]:
    """Records of every kind, in a fixed mix."""
    chosen = random.Random(7)
    kinds = [
        *({"status": "ready", "plan": plan, "outcome": outcome} for plan in ("create", "add", "nothing") for outcome in ("created", "added", "unchanged", None)),
        {"status": "ready", "plan": "create", "outcome": "failed", "run_problem": "provision.refused"},
        {"status": "warning", "plan": "add", "outcome": "skipped", "problems": ["value.trimmed"]},
        {"status": "warning", "plan": "create", "outcome": "created", "problems": ["email.domain_suspicious", "value.trimmed"]},
        {"status": "error", "plan": "none", "problems": ["email.invalid"]},
        {"status": "error", "plan": "none", "problems": ["email.duplicate", "value.trimmed"]},
    ]  # fmt: skip
    names = ["Anna", "Ann", "Ada", "Łukasz", "José", "MARIA", "anna-maria"]
    return [
        Kept(
            row,
            f"{chosen.choice(names)}.{row}@example.org",
            chosen.choice(names),
            f"Ek{row % 5}",
            **chosen.choice(kinds),
        )  # type: ignore[arg-type]  # a table
        for row in range(2, number + 2)
    ]


def _as_in(import_status: str, kept: Kept) -> Kept:
    """The record with the outcome that an import of this status has for it."""
    if import_status in ("ready", "cancelled") or kept.status == "error":
        return replace(kept, outcome=None, run_problem=None)
    return replace(kept, outcome=kept.outcome or "unchanged") if import_status == "finished" else kept


def _matches(found: dict[str, Any], asked: dict[str, str]) -> bool:
    """The filters as design words them, on what the API shows without filters."""
    return (
        found["status"] == asked.get("status", found["status"])
        and found["plan"] == asked.get("plan", found["plan"])
        and found["import_status"] == asked.get("import_status", found["import_status"])
        and found["outcome"] == asked.get("outcome", found["outcome"])
        and ("problem" not in asked or asked["problem"] in [problem["code"] for problem in found["problems"]])
        and finds(words_in([asked.get("q", "")]), words_of(found["values"]))
    )


ASKED = {
    "status": (None, "ready", "warning", "error"),
    "plan": (None, "create", "add", "nothing", "none"),
    "import_status": (None, "pending", "success", "error", "skipped"),
    "outcome": (None, None, None, "created", "added", "unchanged", "failed", "skipped"),
    "problem": (None, "value.trimmed", "provision.refused", "email.invalid", "no.such"),
    "q": (None, "ann", "anna ek1", "ANNA.2@example", "łuk", "jose\u0301", "example zzz", "@"),
}


@pytest.mark.parametrize("import_status", ["ready", "running", "finished", "cancelled"])
async def test_filters_and_search_find_exactly_what_is_shown(api: Api, import_status: str) -> None:
    import_id = (await api.new_import())["id"]
    await api.ledger.keep(import_id, *(_as_in(import_status, kept) for kept in _mixed(300)))
    # The index of words ends in the middle: behind it records are read.
    await api.ledger.turn(import_id, import_status, searchable_row=150)
    everything = await _records(api, import_id)
    assert [found["row"] for found in everything] == list(range(2, 302))
    combinations = [dict(zip(ASKED, values, strict=True)) for values in itertools.product(*ASKED.values())]
    for combination in random.Random(import_status).sample(combinations, 60):
        asked = {name: value for name, value in combination.items() if value}
        expected = [found["row"] for found in everything if _matches(found, asked)]
        assert [found["row"] for found in await _records(api, import_id, **asked)] == expected, asked


async def test_a_filter_left_empty_is_none(api: Api) -> None:
    import_id = (await api.new_import())["id"]
    await api.ledger.keep(import_id, *_mixed(60))
    path = f"/imports/{import_id}/records"
    empty = dict.fromkeys(("status", "plan", "import_status", "outcome", "problem", "q", "after", "limit"), "")
    assert (await api.mine.get(path, params=empty)).json() == (await api.mine.get(path)).json()


async def test_pages_meet_without_gap_or_overlap(api: Api) -> None:
    import_id = (await api.new_import())["id"]
    await api.ledger.keep(import_id, *_mixed(100))
    await api.ledger.turn(import_id, "running")
    for asked in (
        {},
        {"status": "ready"},
        {"import_status": "success"},
        {"import_status": "error"},
        {"problem": "value.trimmed"},
        {"q": "a"},
    ):
        whole = [found["row"] for found in await _records(api, import_id, **asked)]
        for limit in (1, 7, len(whole) or 1):
            assert [found["row"] for found in await _records(api, import_id, limit=limit, **asked)] == whole


async def test_a_dense_word_is_found_by_reading_and_by_index(api: Api) -> None:
    import_id = (await api.new_import())["id"]
    records = [Kept(row, f"p{row}@example.org", "Zoe" if row > 6500 else "Ada") for row in range(2, 13_002)]
    await api.ledger.keep(import_id, *records)
    await api.ledger.turn(import_id, "ready")
    assert [found["row"] for found in (await _records(api, import_id, q="zoe"))[:2]] == [6501, 6502]
    assert len(await _records(api, import_id, q="zoe example")) == 13_001 - 6500
    assert len(await _records(api, import_id, q="p12999@example.org")) == 1


async def test_an_import_without_records_has_an_empty_page(api: Api) -> None:
    import_id = (await api.new_import())["id"]
    for asked in ({}, {"q": "a"}, {"status": "ready"}, {"import_status": "error"}, {"problem": "email.invalid"}):
        answer = await api.mine.get(f"/imports/{import_id}/records", params=asked)
        assert answer.json() == {"items": [], "next_after": None}


@pytest.mark.parametrize("q", ["%", "a%b", "\\", "\x00", "'; drop table records", '"', "x" * 300])
async def test_nothing_in_a_search_is_special(api: Api, q: str) -> None:
    import_id = (await api.new_import())["id"]
    await api.ledger.keep(import_id, *_mixed(10))
    assert (await api.mine.get(f"/imports/{import_id}/records", params={"q": q})).status_code == 200
    is_problem(await api.mine.get(f"/imports/{import_id}/records", params={"q": "x" * 301}), 422, "request.invalid")


async def test_the_file_of_errors_can_be_corrected_and_uploaded(api: Api) -> None:
    import_id = (await api.new_import(name="Łódź autumn.csv"))["id"]
    await api.ledger.keep(
        import_id,
        Kept(2, "ok@example.org", outcome="created"),
        Kept(3, "=1+1", "'-x", "Ek", status="error", plan="none", problems=["email.invalid", "value.trimmed"]),
        Kept(
            4,
            "no@example.org",
            outcome="failed",
            run_problem="provision.refused",
            cells=["no@example.org", "A\nB", "Ek", "extra"],
        ),
    )
    await api.ledger.turn(import_id, "finished", detected=DETECTED)
    answer = await api.mine.get(f"/imports/{import_id}/records.csv", params={"import_status": "error"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"d-autumn-records.csv\"; filename*=UTF-8''%C5%81%C3%B3d%C5%BA%20autumn-records.csv"
    )
    assert answer.content.startswith(codecs.BOM_UTF8)
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert lines[0] == ["Email", "'=First", "Last Name", "row", "status", "code", "message"]
    assert lines[1][:6] == ["'=1+1", "''-x", "Ek", "3", "error", "email.invalid; value.trimmed"]
    assert lines[2][:6] == ["no@example.org", "A\nB", "Ek", "4", "error", "provision.refused"]
    assert lines[2][7:] == ["extra"]
    assert len(lines) == 3


async def test_the_file_has_every_record_of_every_page(api: Api) -> None:
    import_id = (await api.new_import())["id"]
    await api.ledger.keep(import_id, *(Kept(row, f"p{row}@example.org") for row in range(2, 2503)))
    await api.ledger.turn(import_id, "ready", detected=DETECTED)
    lines = list(csv.reader(io.StringIO((await api.mine.get(f"/imports/{import_id}/records.csv")).text)))
    assert [line[3] for line in lines[1:]] == [str(row) for row in range(2, 2503)]
