import pytest

from shared.kafka.message import RECORD_LIMIT, Message, Origin, dead_letter, fits

ORIGIN = Origin("here.imports.rows", 3, 41, 1_700_000_000_000, "here.validator.imports.rows")


@pytest.mark.parametrize(
    ("message", "is_small"),
    [
        (Message(b"k", b"v"), True),
        (Message(None, None), True),
        (Message(b"k", b"v" * (RECORD_LIMIT - 1000)), True),
        (Message(b"k", b"v" * RECORD_LIMIT), False),
        (Message(b"k" * RECORD_LIMIT, None), False),
        (Message(b"k", b"v", headers=(("h", b"x" * RECORD_LIMIT),)), False),
        (Message(b"k", b"v", headers=(("h", b"x"),)), True),
    ],
)
def test_what_fits_is_known_before_it_enters_a_batch(message: Message, is_small: bool) -> None:
    assert fits(message) is is_small


def test_a_dead_letter_says_why_and_where_from() -> None:
    letter = dead_letter(ORIGIN, "event.not_json", b"key", b"value")
    facts = {name: content.decode() for name, content in letter.headers}
    assert (letter.key, letter.value) == (b"key", b"value")
    assert (facts["reason"], facts["topic"], facts["partition"], facts["offset"]) == (
        "event.not_json", "here.imports.rows", "3", "41",
    )  # fmt: skip
    assert (facts["timestamp"], facts["group"]) == ("1700000000000", "here.validator.imports.rows")
    assert "cut" not in facts


def test_a_record_without_key_or_value_stays_so() -> None:
    letter = dead_letter(ORIGIN, "event.empty", None, None)
    assert (letter.key, letter.value) == (None, None)


@pytest.mark.parametrize(
    ("key", "value", "headers"),
    [
        (b"k", b"x" * 2_000_000, ()),
        (b"k" * 1_500_000, b"x" * 1_500_000, ()),
        (b"k" * 1_500_000, None, ()),
        (b"k", b"v", tuple((f"h{n}", b"x" * 1000) for n in range(900))),
        (b"k", b"v" * 890_000, (("h", b"x" * 49_000),)),
    ],
)
def test_a_dead_letter_always_fits_and_tells_what_was_cut(
    key: bytes, value: bytes | None, headers: tuple[tuple[str, bytes], ...]
) -> None:
    letter = dead_letter(ORIGIN._replace(headers=headers), "event.too_large", key, value)
    assert fits(letter)
    kept = [name for name, _ in letter.headers if name.startswith("original.")]
    whole = (letter.key, letter.value, len(kept)) == (key, value, len(headers))
    assert ("cut" in dict(letter.headers)) is not whole


def test_the_headers_it_had_are_kept_under_another_name() -> None:
    letter = dead_letter(ORIGIN._replace(headers=(("ce_id", b"1"), ("reason", b"2"))), "event.not_json", b"k", b"v")
    assert letter.headers[-2:] == (("original.ce_id", b"1"), ("original.reason", b"2"))
    assert dict(letter.headers)["reason"] == b"event.not_json"
