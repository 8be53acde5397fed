"""How fast mails go and when all of them wait, on a clock that only moves when somebody sleeps."""

import pytest

from services.notifier.answers import Trouble
from services.notifier.pace import Pace, ServerPause


class FakeClock:
    """Sleeping moves it."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    return FakeClock()


async def turns_within(pace, clock, seconds):
    end, turns = clock.now + seconds, 0
    while True:
        await pace.turn()
        if clock.now >= end:
            return turns
        turns += 1


async def test_mails_go_at_the_set_pace(clock):
    pace = Pace(100, clock=clock, sleep=clock.sleep)
    assert await turns_within(pace, clock, 10) == pytest.approx(1000, abs=2)


async def test_a_quiet_hour_is_not_saved_up(clock):
    pace = Pace(100, clock=clock, sleep=clock.sleep)
    await pace.turn()
    clock.now += 3600
    assert await turns_within(pace, clock, 1) <= 112


async def test_less_than_one_a_second_is_a_pace_too(clock):
    pace = Pace(0.5, clock=clock, sleep=clock.sleep)
    assert await turns_within(pace, clock, 20) == pytest.approx(10, abs=1)


async def test_zero_means_no_limit(clock):
    pace = Pace(0, clock=clock, sleep=clock.sleep)
    for _ in range(10_000):
        await pace.turn()
    assert clock.now == 1000.0


async def waited(pause, clock):
    began = clock.now
    await pause.passed()
    return clock.now - began


async def test_pauses_double_while_the_server_is_away_and_start_anew_when_it_is_back(clock):
    pause = ServerPause(clock=clock, sleep=clock.sleep)
    pauses = []
    for _ in range(7):
        pause.report(Trouble.AWAY)
        pauses.append(await waited(pause, clock))
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    pause.report(Trouble.NONE)
    pause.report(Trouble.AWAY)
    assert await waited(pause, clock) == 1


async def test_connections_that_notice_together_pause_once(clock):
    pause = ServerPause(clock=clock, sleep=clock.sleep)
    for _ in range(4):
        pause.report(Trouble.AWAY)
    assert await waited(pause, clock) == 1


async def test_a_server_that_is_away_makes_nobody_unready(clock):
    pause = ServerPause(clock=clock, sleep=clock.sleep)
    pause.report(Trouble.AWAY)
    await pause.check()


async def test_a_server_that_refuses_us_does_until_a_mail_goes_through(clock):
    pause = ServerPause(clock=clock, sleep=clock.sleep)
    pause.report(Trouble.SETTINGS, "535")
    with pytest.raises(PermissionError):
        await pause.check()
    await pause.passed()
    pause.report(Trouble.NONE)
    await pause.check()
