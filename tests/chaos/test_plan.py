"""A seed gives the same run again, a long run strikes often enough, and recovery is the time to the next sign of work."""

from random import Random

from .faults import LONG_RUN_SECONDS, Fault, Strike, Struck, plan
from .files import FileMaker
from .recovery import recovery_table


def test_a_seed_throws_the_same_strikes_again_and_another_one_others() -> None:
    assert plan(7, 60) == plan(7, 60) != plan(8, 60)


def test_a_seed_makes_the_same_files_again() -> None:
    assert FileMaker(Random(7), "x").make(200) == FileMaker(Random(7), "x").make(200)


def test_a_run_of_twenty_minutes_has_every_fault_and_more_than_two_hundred_kills() -> None:
    faults = [strike.fault for strike in plan(4712, 1200)]
    assert set(faults) == set(Fault)
    assert faults.count(Fault.KILL) > 200


def test_a_short_run_has_nothing_that_lasts_longer_than_itself() -> None:
    assert max(strike.seconds for strike in plan(7, LONG_RUN_SECONDS - 1)) < 30


def test_recovery_is_the_time_to_the_next_sign_of_work_of_that_part() -> None:
    killed = Strike(pause=1, fault=Fault.KILL, target="validator")
    struck = [Struck(killed, 10.0, 10.0, True), Struck(killed, 20.0, 20.0, True), Struck(killed, 30.0, 30.0, False)]
    times = {"imports.checks": [25.0, 9.0, 12.0], "imports.results": [10.5]}
    (line,) = recovery_table(struck, times)
    assert (line.part, line.times, line.median, line.longest) == ("validator", 2, 3.5, 5.0)


def test_recovery_beside_a_part_that_is_away_for_long_does_not_count() -> None:
    killed = Strike(pause=1, fault=Fault.KILL, target="validator")
    stopped = Strike(pause=1, fault=Fault.STOP, target="intake", seconds=60)
    lines = recovery_table(
        [Struck(killed, 10.0, 10.0, True), Struck(stopped, 5.0, 65.0, True)], {"imports.checks": [70.0]}
    )
    assert {(line.part, line.median) for line in lines} == {("validator", None), ("intake", None)}


def test_a_fault_after_which_no_work_was_left_has_no_recovery_time() -> None:
    cut = Strike(pause=1, fault=Fault.CUT, target="notifier", server="inbox")
    (line,) = recovery_table([Struck(cut, 10.0, 10.0, True)], {})
    assert (line.part, line.median) == ("notifier to inbox", None)
