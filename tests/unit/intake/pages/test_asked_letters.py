"""Which dead letters are meant: said again as it was understood, or refused, never widened."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.api.errors import ApiError
from services.intake.pages.asked_letters import asked_letters, offset_of
from shared.kafka.dead_letters import ALL

TIMES = st.one_of(
    st.text(max_size=30),
    st.datetimes().map(datetime.isoformat),
    st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
)
FIELDS = st.fixed_dictionaries(
    {"topic": st.just("imports.rows")}, optional={"reason": st.text(max_size=120), "since": TIMES, "until": TIMES}
)


@given(FIELDS)
def test_a_filter_is_said_again_as_it_was_understood_or_refused(fields: dict[str, str]) -> None:
    try:
        asked = asked_letters(fields)
    except ApiError:
        return
    assert asked_letters(asked.fields).fields == asked.fields
    assert (asked.wanted == ALL) == (not any(text.strip() for name, text in fields.items() if name != "topic"))


def test_times_are_utc_unless_they_say_otherwise() -> None:
    fields = {"topic": "imports.rows", "since": "2026-11-22T21:00", "until": "2026-11-22T23:30:00+01:00"}
    asked = asked_letters(fields)
    assert (asked.since, asked.until) == (
        datetime(2026, 11, 22, 21, tzinfo=UTC),
        datetime(2026, 11, 22, 22, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "9" * 19, "9" * 5000, "²"])
def test_what_is_no_offset_is_refused(text: str) -> None:
    with pytest.raises(ApiError, match=r"filter\.invalid"):
        offset_of({"before": text}, "before")
