"""What is measured only when /metrics is asked: numbers of the broker and the database. Not more often than they change,
and with a bound: a broker that is away makes its numbers unknown and nothing late."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from shared.metrics import MEASURED

log = structlog.get_logger()

FRESH_SECONDS = 5.0  # how long a measurement counts as new, whoever asks
WAIT_SECONDS = 2.0  # for /metrics; a measurement that takes longer goes on and is told the next time
MOST_SECONDS = 10.0  # for one measurement; after it its numbers are unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Something to measure. `measure` sets gauges, `forget` says that they are not known any more."""

    what: str
    measure: Callable[[], Awaitable[None]]
    forget: Callable[[], None]


class Measuring:
    """Measures at most one at a time of each, for everybody who asks meanwhile."""

    def __init__(
        self,
        measurements: Sequence[Measurement],
        *,
        wait_seconds: float = WAIT_SECONDS,
        most_seconds: float = MOST_SECONDS,
    ) -> None:
        self._measurements = measurements
        self._wait_seconds = wait_seconds
        self._most_seconds = most_seconds
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ended: dict[str, float] = {}

    async def refresh(self) -> None:
        """Bring all gauges up to date, as far as that takes no longer than the wait."""
        for measurement in self._measurements:
            if time.monotonic() - self._ended.get(measurement.what, -FRESH_SECONDS) >= FRESH_SECONDS:
                self._begin(measurement)
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=self._wait_seconds)

    def _begin(self, measurement: Measurement) -> None:
        if measurement.what not in self._tasks:
            self._tasks[measurement.what] = asyncio.create_task(self._measure(measurement))

    async def _measure(self, measurement: Measurement) -> None:
        try:
            async with asyncio.timeout(self._most_seconds):
                await measurement.measure()
        except Exception as error:
            log.warning("measurement.failed", what=measurement.what, error=type(error).__name__)
            measurement.forget()
            MEASURED.labels(measurement.what).set(0)
        else:
            MEASURED.labels(measurement.what).set(1)
        finally:
            self._ended[measurement.what] = time.monotonic()
            del self._tasks[measurement.what]
