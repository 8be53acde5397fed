"""/metrics asks for numbers of others: once for all who ask, and never longer than the bound."""

import asyncio

from prometheus_client import REGISTRY

from shared.measure import Measurement, Measuring


class Measured:
    """Something to measure that counts how often it is."""

    def __init__(self, what: str, *, fails: bool = False) -> None:
        self.times = self.forgotten = 0
        self.fails = fails
        self.answer = asyncio.Event()
        self.measurement = Measurement(what=what, measure=self._measure, forget=self._forget)

    async def _measure(self) -> None:
        self.times += 1
        await self.answer.wait()
        if self.fails:
            raise ConnectionError

    def _forget(self) -> None:
        self.forgotten += 1


def is_known(what: str) -> float | None:
    return REGISTRY.get_sample_value("rollcall_measured", {"what": what})


async def test_who_asks_at_the_same_time_or_soon_after_shares_one_measurement() -> None:
    measured = Measured("shared")
    measuring = Measuring([measured.measurement])
    asked = [asyncio.create_task(measuring.refresh()) for _ in range(5)]
    await asyncio.sleep(0)
    measured.answer.set()
    await asyncio.gather(*asked)
    await measuring.refresh()
    assert (measured.times, is_known("shared")) == (1, 1)


async def test_one_that_hangs_holds_up_nobody_and_is_told_when_it_ends() -> None:
    slow, quick = Measured("slow"), Measured("quick")
    quick.answer.set()
    measuring = Measuring([slow.measurement, quick.measurement], wait_seconds=0.05)
    await measuring.refresh()
    assert (is_known("slow"), is_known("quick")) == (None, 1)
    slow.answer.set()
    await measuring.refresh()
    assert (slow.times, is_known("slow")) == (1, 1)


async def test_what_could_not_be_measured_is_forgotten_and_said_to_be_unknown() -> None:
    measured = Measured("failing", fails=True)
    measured.answer.set()
    await Measuring([measured.measurement]).refresh()
    assert (measured.forgotten, is_known("failing")) == (1, 0)


async def test_one_that_never_ends_is_given_up() -> None:
    measured = Measured("endless")
    measuring = Measuring([measured.measurement], most_seconds=0.05)
    await measuring.refresh()
    assert (measured.forgotten, is_known("endless")) == (1, 0)
