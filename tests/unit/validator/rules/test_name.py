"""What is made of first and last names."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.validator.check_rows import judge_row
from services.validator.rules import FIRST_NAME
from services.validator.rules.name import plain_name
from tests.unit.validator.builders import row_read


def first_name(text: str) -> tuple[str, list[tuple[str, str]]]:
    judged = judge_row(0, row_read(first_name=text))
    return judged.values["first_name"], [(problem.code, problem.field) for problem in judged.problems]


@pytest.mark.parametrize(
    "name",
    ["", "Ada", "Zoë", "Jean-Luc", "O'Hara", "José María", "李小龍", "محمد", "می‌خواهم", "Nguyễn", "X Æ A-12", "🙂"],
)
def test_names_of_any_script_stay_as_they_are(name: str) -> None:
    assert first_name(name) == (name, [])


@pytest.mark.parametrize("name", [" Ada", "Ada  ", "\u00a0Ada\u3000", "\nAda", "Ada\r\n", "\tAda\t", "\u2028Ada"])
def test_spaces_and_line_breaks_at_the_ends_of_a_name_go_silently(name: str) -> None:
    assert first_name(name) == ("Ada", [])


@pytest.mark.parametrize(
    "name", ["Ada\nKing", "Ada\r\nKing", "Ada\tKing", "Ada \n King", "Ada\n\n\tKing", "Ada\u2028King", "Ada\u2029King"]
)
def test_a_line_break_or_tab_inside_a_name_becomes_one_space_with_a_warning(name: str) -> None:
    assert first_name(name) == ("Ada King", [("value.trimmed", "first_name")])


@pytest.mark.parametrize("name", ["A\0da", "Ada\x07", "\x1fAda", "A\x0bda", "Ada\x7f", "A\x85da", "A\x9fda"])
def test_other_control_characters_are_an_error(name: str) -> None:
    assert first_name(name)[1] == [("value.control_characters", "first_name")]


def test_256_characters_are_not_too_long_and_257_are() -> None:
    assert first_name("é" * 256) == ("é" * 256, [])
    assert first_name("é" * 257) == ("é" * 256, [("value.too_long", "first_name")])
    assert first_name(" " * 50 + "é" * 256 + " " * 50) == ("é" * 256, [])


@pytest.mark.parametrize("name", ["ada@example.org", "Ada <ada@example.org>", "Ada Lovelace, ada@example.org;"])
def test_an_email_in_a_name_is_a_warning(name: str) -> None:
    assert first_name(name) == (name, [("name.looks_like_email", "first_name")])


@pytest.mark.parametrize("name", ["@ada", "Ada @ King", "A@da", "ada@."])
def test_an_at_sign_alone_is_no_email(name: str) -> None:
    assert first_name(name) == (name, [])


def test_every_problem_of_a_name_is_listed() -> None:
    name = "ada@example.org\n" + "\0" + "x" * 256
    codes = [code for code, _ in first_name(name)[1]]
    assert codes == ["value.trimmed", "value.too_long", "value.control_characters", "name.looks_like_email"]


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=20) | st.text(st.characters(categories=["Zs", "Zl", "Zp", "Cc", "Cf", "L"]), max_size=6))
@example("\ufeffAda")
@example("Ada\u200e")
def test_the_shortcut_for_plain_names_says_what_the_rules_say(text: str) -> None:
    shortcut = plain_name(text)
    if shortcut is not None:
        assert shortcut == FIRST_NAME.interpret(text)
        assert [rule("first_name", text, shortcut) for rule in FIRST_NAME.rules] == [None] * len(FIRST_NAME.rules)


@given(st.text(max_size=40))
def test_a_name_once_interpreted_stays_as_it_is(text: str) -> None:
    once = FIRST_NAME.interpret(text)
    assert FIRST_NAME.interpret(once) == once
