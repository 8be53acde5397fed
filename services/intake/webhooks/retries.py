"""When a delivery is tried again, and when a webhook is given up. Pure."""

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 6 * 3600.0  # seconds
FACTOR = 3.0
SPREAD = 0.2  # up to a fifth more: those that failed together do not come back together
TRIED_FOR = 3 * 24 * 3600.0  # seconds since the event, after which a delivery has failed
FAILING_DAYS = 5  # of nothing but failures, after which a webhook is switched off


def pause_after(attempts: int, *, waited: float, dice: float) -> float | None:
    """Seconds until the next try, after so many that failed; None when it would be too late. `waited` is the delivery's age in
    seconds, `dice` a random number from 0 to 1."""
    pause = min(FIRST_PAUSE * FACTOR ** min(attempts - 1, 20), LONGEST_PAUSE) * (1 + SPREAD * dice)
    return pause if waited + pause <= TRIED_FOR else None
