"""A person is recognised in any spelling of their address, and nobody else is taken for them."""

import pytest

from shared.erasure import ERASED, NobodyError, Person

BO = Person.of(" Bo@Bücher.example ")


@pytest.mark.parametrize(
    "text",
    ["bo@bücher.example", "BO@BÜCHER.EXAMPLE", "bo@xn--bcher-kva.example", " bo@bücher.example\u00a0",
     "bo@bu\u0308cher.example", "Bo <bo@bücher.example>", "mailto:bo@xn--bcher-kva.example?x"],
)  # fmt: skip
def test_any_spelling_is_the_person(text: str) -> None:
    assert BO.is_named_in(text)
    assert "cher" not in BO.taken_out_of(text)


@pytest.mark.parametrize(
    "text", ["jim.bo@bücher.example", "bo@bücher.example.org", "bo+1@bücher.example", "x-bo@bücher.example", "bo", ""]
)
def test_somebody_elses_address_is_not(text: str) -> None:
    assert not BO.is_named_in(text)
    assert BO.taken_out_of(text) == text


def test_a_text_about_somebody_else_keeps_the_rest() -> None:
    assert Person.of("ada@x.org").taken_out_of("parent: ADA@x.org, bob@x.org") == f"parent: {ERASED}, bob@x.org"


def test_what_finds_texts_in_sql_takes_no_character_for_a_wildcard() -> None:
    assert Person.of("a_b%c@x.org").likes == [r"%a\_b\%c@x.org%"]


@pytest.mark.parametrize("text", ["", "ada", "@x.org", "ada@", "a@b@c", "a b@x.org"])
def test_what_is_no_address_is_nobody(text: str) -> None:
    with pytest.raises(NobodyError):
        Person.of(text)
