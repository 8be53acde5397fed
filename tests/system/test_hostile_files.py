"""Files made to do harm, through the front door: each gets an answer, and whoever uploads beside them notices nothing."""

import json
import uuid
from pathlib import Path
from typing import Any

import psutil

from tests.hostile.texts import TEXTS
from tests.hostile.workbooks import WORKBOOKS

from .outside import Outside, people, table

TEXT_BYTES = 20_000_000
MEMORY_BYTES = 700_000_000  # of one process; 400 MB were measured with texts of 90 MB

ENDS = {
    "rows of tiny cells": ("ready", []),
    "long rows with one wide character": ("ready", []),
    "zip bomb among other bytes": ("rejected", ["file.no_rows"]),
    "one long text in each row": ("rejected", ["file.not_readable"]),
    "entity bomb in the sheet": ("rejected", ["file.not_readable"]),
}


def content(kind: str) -> bytes:
    return WORKBOOKS[kind]() if kind in WORKBOOKS else b"".join(TEXTS[kind](TEXT_BYTES))


def test_hostile_files_get_an_answer_and_an_import_beside_them_goes_on(running_stack: dict[str, Any]) -> None:
    outside = Outside(running_stack)
    experience = outside.experience("Hostile files")
    refused = outside.try_upload(experience, content("blank lines under the header"))
    assert (refused.status_code, refused.json()["code"]) == (413, "file.too_many_rows")
    hostile = {kind: outside.upload(experience, content(kind), name="learners.csv")["id"] for kind in ENDS}
    beside = outside.prepared(experience, table(people(300, f"h{uuid.uuid4().hex[:8]}")))
    assert (beside["status"], beside["counts"]["ready"]) == ("ready", 300)
    for kind, import_id in hostile.items():
        found = outside.wait(import_id, "ready", "rejected", seconds=240)
        assert (found["status"], [problem["code"] for problem in found["problems"]]) == ENDS[kind], kind
        if found["status"] == "ready":
            assert people_around(outside, import_id) == ["first@b.co", "last@b.co"], kind
    for part in ("intake", "validator"):
        assert max(memory_of(running_stack, part)) < MEMORY_BYTES, part
    assert outside.http.get(f"{running_stack['base_url']}/readyz").status_code == 200


def people_around(outside: Outside, import_id: str) -> list[str]:
    """The records without a problem: the rows before and after what is hostile."""
    return [record["values"]["email"] for record in outside.records(import_id, status="ready")]


def memory_of(stack: dict[str, Any], part: str) -> list[int]:
    pids = json.loads(Path(stack["file"]).read_text())["pids"][part]
    return [psutil.Process(pid).memory_info().rss for pid in pids]
