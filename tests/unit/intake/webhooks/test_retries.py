"""When a delivery is tried again."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.intake.webhooks.retries import LONGEST_PAUSE, SPREAD, TRIED_FOR, pause_after

HOUR = 3600.0


def tries(dice: float) -> list[float]:
    """The moments of all tries, in seconds after the event, when each fails at once."""
    moments = [0.0]
    while (pause := pause_after(len(moments), waited=moments[-1], dice=dice)) is not None:
        moments.append(moments[-1] + pause)
    return moments


@given(st.floats(0, 1))
def test_pauses_grow_and_all_tries_lie_within_three_days(dice: float) -> None:
    moments = tries(dice)
    pauses = [after - before for before, after in pairwise(moments)]
    assert pauses == sorted(pauses) or max(pauses) - pauses[-1] < 1e-6 * TRIED_FOR
    assert 5 <= pauses[0] <= 6
    assert max(pauses) <= LONGEST_PAUSE * (1 + SPREAD)
    assert TRIED_FOR - LONGEST_PAUSE * (1 + SPREAD) <= moments[-1] <= TRIED_FOR


def test_an_outage_of_an_hour_costs_at_most_two_hours_more() -> None:
    assert any(HOUR <= moment <= 3 * HOUR for moment in tries(1.0))
    assert 15 <= len(tries(0.0)) <= 25


def test_those_that_failed_together_do_not_come_back_together() -> None:
    assert len({pause_after(3, waited=0, dice=dice / 10) for dice in range(10)}) == 10


def test_however_often_it_failed_the_pause_is_a_number() -> None:
    assert pause_after(100_000, waited=0.0, dice=0.0) == LONGEST_PAUSE
