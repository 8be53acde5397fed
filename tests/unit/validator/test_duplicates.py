"""Which row had an email first."""

from services.validator.duplicates import DIGEST_BYTES, Candidate, digest, first_rows


def candidate(row: int, email: str = "ada", import_id: str = "a") -> Candidate:
    return Candidate(import_id, digest(email), row)


def test_the_first_of_a_batch_wins_and_is_remembered() -> None:
    rows = [candidate(2), candidate(3, "bob"), candidate(4), candidate(5)]
    assert first_rows(rows, {}) == ([2, 3, 2, 2], rows[:2])


def test_one_that_was_seen_before_wins_and_nothing_is_new() -> None:
    assert first_rows([candidate(4)], {"a": {digest("ada"): 2}}) == ([2], [])


def test_a_row_that_comes_again_is_no_duplicate_of_itself() -> None:
    assert first_rows([candidate(4), candidate(4)], {}) == ([4, 4], [candidate(4)])
    assert first_rows([candidate(4)], {"a": {digest("ada"): 4}}) == ([4], [])


def test_one_that_was_seen_stays_first_when_a_lost_lower_row_comes_later() -> None:
    assert first_rows([candidate(2)], {"a": {digest("ada"): 4}}) == ([4], [])


def test_imports_do_not_know_each_other() -> None:
    assert first_rows([candidate(3, import_id="b")], {"a": {digest("ada"): 2}})[0] == [3]


def test_what_was_seen_is_left_as_it_was() -> None:
    seen = {"a": {digest("ada"): 2}}
    first_rows([candidate(3, "bob")], seen)
    assert seen == {"a": {digest("ada"): 2}}


def test_a_digest_is_short_and_always_the_same() -> None:
    assert len(digest("ada@example.org")) == DIGEST_BYTES
    assert digest("ada@example.org").hex() == "4b0310a07ee09fb40bace56a3996a4e4"
