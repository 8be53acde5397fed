"""A part that dies at once again and again is not started without end; one that lived is started at once."""

from cli.local.supervisor import pause


def test_a_first_death_is_answered_at_once() -> None:
    assert pause(0) < 1


def test_pauses_grow_with_quick_deaths() -> None:
    pauses = [pause(deaths) for deaths in range(6)]
    assert pauses == sorted(set(pauses))


def test_a_crash_loop_never_waits_as_long_as_a_dead_part_may_be_gone() -> None:
    assert pause(1000) < 20
