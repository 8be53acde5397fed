"""What is remembered of dead letters that were put back."""

import pytest

from shared.kafka.replayed import Replayed, replayed_from


def test_a_reason_that_was_put_back_is_covered_and_the_others_are_not() -> None:
    found = Replayed(10).moved(30, "event.empty")
    assert [found.covers(offset, "event.empty") for offset in (5, 29, 30)] == [True, True, False]
    assert [found.covers(offset, "event.not_json") for offset in (5, 29)] == [True, False]


def test_putting_all_back_takes_the_place_of_reasons_and_never_goes_back() -> None:
    found = Replayed().moved(30, "a").moved(50, "b").moved(40)
    assert found == Replayed(40, {"b": 50})
    assert found.moved(7) == found
    assert found.moved(7, "b").mark("b") == 50


def test_what_is_kept_is_read_again_and_stays_small() -> None:
    found = Replayed(3)
    for number in range(1000):
        found = found.moved(number + 10, f"reason.{number}").moved(5, "x" * 10_000)
    assert replayed_from(3, found.to_text()) == found
    assert len(found.to_text()) < 4096


@pytest.mark.parametrize("text", ["", "x", "[]", "3", '{"a": "b"}', '{"a": [1]}', "null"])
def test_what_others_wrote_there_is_nothing(text: str) -> None:
    assert replayed_from(7, text) == Replayed(7)
