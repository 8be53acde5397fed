"""The words a record is found by."""

import pytest

from services.intake.records.words import WORD_CHARACTERS, finds, words_in, words_of


def test_an_email_gives_its_parts_and_a_name_its_words() -> None:
    values = {"email": "Anna-Maria.Meier_2+x@Example.org", "first_name": "Anna Maria", "last_name": "O’Brien-Müller"}
    assert words_of(values) == {"anna", "maria", "meier", "2", "x", "example", "org", "o", "brien", "müller"}


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert words_in(["Jose\u0301"]) == words_in(["José"]) == {"josé"}


@pytest.mark.parametrize("text", ["", "   ", "@", "._-+", "\x00"])
def test_separators_alone_are_no_words(text: str) -> None:
    assert words_in([text]) == set()


def test_words_of_any_script_stay_whole() -> None:
    assert words_in(["Олена Ковальчук", "हिन्दी 山田 太郎"]) == {"олена", "ковальчук", "हिन्दी", "山田", "太郎"}


def test_long_words_are_cut_alike_on_both_sides() -> None:
    assert finds(words_in(["x" * 300]), words_in(["x" * 200]))
    assert all(len(word) == WORD_CHARACTERS for word in words_in(["y" * 100]))


def test_all_sought_beginnings_must_be_there() -> None:
    words = words_of({"email": "anna.meier@example.org"})
    assert finds(["ann", "exa"], words)
    assert not finds(["ann", "xyz"], words)
    assert not finds(["nna"], words)
