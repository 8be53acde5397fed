"""How long it took after each fault until its part was seen at work again. Pure. Where another part was away for long in
between, nobody can tell, and it does not count."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from .faults import Struck

# By which events, or mails, others see that a part is at work.
SIGNS = {
    "intake": ("imports.lifecycle", "imports.rows", "imports.approvals"),
    "validator": ("imports.checks",),
    "provisioner": ("imports.results",),
    "notifier": ("imports.emails", "mails"),
    "inbox": ("mails",),
    "kafka": ("imports.rows", "imports.checks", "imports.results"),
    "postgres": ("imports.rows", "imports.checks", "imports.results"),
}


LONG_SECONDS = 10.0  # a fault of that length leaves the others without work


class Line(NamedTuple):
    """One line of the table: a fault of a part, how often, and its recovery in seconds where it could be seen."""

    fault: str
    part: str
    times: int
    median: float | None
    longest: float | None


def recovery_table(struck: Iterable[Struck], times: Mapping[str, Sequence[float]]) -> list[Line]:
    """`times`: when there were events of each topic, and mails; in any order."""
    signs = {part: sorted(at for name in names for at in times.get(name, ())) for part, names in SIGNS.items()}
    struck = list(struck)
    found: dict[tuple[str, str], list[float | None]] = defaultdict(list)
    for one in struck:
        if one.hit:
            strike = one.strike
            part = f"{strike.target} to {strike.server}" if strike.server else strike.target
            seconds = _next(signs[strike.target], one.ended)
            found[strike.fault, part].append(None if seconds is None or _disturbed(one, seconds, struck) else seconds)
    return [_line(fault, part, seconds) for (fault, part), seconds in sorted(found.items())]


def _line(fault: str, part: str, seconds: list[float | None]) -> Line:
    known = [one for one in seconds if one is not None]
    return Line(fault, part, len(seconds), median(known) if known else None, max(known) if known else None)


def _disturbed(one: Struck, seconds: float, struck: Iterable[Struck]) -> bool:
    long = [other for other in struck if other is not one and other.ended - other.began > LONG_SECONDS]
    return any(other.began < one.ended + seconds and other.ended > one.ended for other in long)


def _next(times: list[float], after: float) -> float | None:
    at = bisect_right(times, after)
    return times[at] - after if at < len(times) else None
