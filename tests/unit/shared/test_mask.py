import pytest

from shared.events import Outcome, Plan, RecordProvisioned, encode
from shared.kafka.mask import masked


def test_ids_and_words_of_ours_are_shown_and_nothing_of_the_person() -> None:
    event = RecordProvisioned(
        import_id="6d0e2b4e-0000-4000-8000-000000000001", experience_id="x", row=7, email_key="ada@example.org",
        values={"email": "ada@example.org", "first_name": "Ada"}, plan=Plan.CREATE, outcome=Outcome.CREATED,
        at="2026-01-01T00:00:00Z",
    )  # fmt: skip
    shown = masked(encode(event))
    assert "6d0e2b4e-0000-4000-8000-000000000001" in shown
    assert "ada" not in shown.lower()
    assert "example" not in shown


@pytest.mark.parametrize(
    "value",
    [b"ada@example.org", b'"ada"', b'{"ada@example.org": "Ada"}', b'{"import_id": "ada@example.org"}', b"[" * 90_000,
     b'["ada", {"x": ["Ada Lovelace"]}', "Adá".encode(), b"\xff\xfe ada"],
)  # fmt: skip
def test_what_is_no_event_of_ours_shows_its_form_alone(value: bytes) -> None:
    shown = masked(value).lower()
    assert "ada" not in shown
    assert "adá" not in shown
    assert len(shown) <= 301


def test_a_tombstone_shows_nothing() -> None:
    assert masked(None) == ""
