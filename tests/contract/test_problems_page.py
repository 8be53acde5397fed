"""docs/problems.md and the table of problems say the same."""

import re
from pathlib import Path

import pytest

from services.intake import ask_for_emails
from services.intake.states import ImportStatus, Refused, why_not
from shared.problems import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "problems.md").read_text(encoding="utf-8")
SECTION = re.compile(
    r"^### `(?P<code>[^`]+)`\n`(?P<level>\w+)`(?P<rejects>, rejects the file)?\n> (?P<sentence>.+)\n\n(?P<text>(?:(?!#).+\n?)+)",
    re.MULTILINE,
)
SECTIONS = {section["code"]: section for section in SECTION.finditer(PAGE)}


def test_every_code_is_on_the_page_and_the_page_knows_no_other() -> None:
    assert re.findall(r"^### `(.+)`$", PAGE, re.MULTILINE) == list(SECTIONS)
    assert set(SECTIONS) == set(KINDS)


@pytest.mark.parametrize("code", KINDS)
def test_the_page_tells_level_sentence_cause_cure_and_an_example(code: str) -> None:
    section, kind = SECTIONS[code], KINDS[code]
    assert section["level"] == kind.level
    assert section["sentence"] == kind.sentence
    assert [word for word in ("Cause: ", "Cure: ", "Example: ") if word not in section["text"]] == []


@pytest.mark.parametrize("code", KINDS)
def test_the_page_marks_exactly_what_rejects_the_file(code: str) -> None:
    assert bool(SECTIONS[code]["rejects"]) is KINDS[code].rejects_file


def test_the_page_lists_every_reason_why_a_button_is_refused() -> None:
    of_mails = {found.code for found in vars(ask_for_emails).values() if isinstance(found, Refused)}
    of_turns = {why_not(status).code for status in ImportStatus}
    assert set(re.findall(r"^\| `([\w.]+)` \| 409 ", PAGE, re.MULTILINE)) == of_mails | of_turns
