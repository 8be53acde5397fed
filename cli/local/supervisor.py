"""Keeps parts running: starts them, starts again what dies, stops everything. Knows nothing of what the parts are."""

import asyncio
import time
from collections.abc import Callable, Sequence

import structlog

from cli.local.part import Part, start, stop, wait_ready

log = structlog.get_logger()

_SOON_SECONDS = 10.0  # a part that lives shorter than this is in a crash loop
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 8.0


def pause(quick_deaths: int) -> float:
    """Seconds to wait before the next start of a part that died so many times in a row soon after its start."""
    return min(_FIRST_PAUSE_SECONDS * 2.0 ** min(quick_deaths, 10), _LONGEST_PAUSE_SECONDS)


class Supervisor:
    """Some parts, each with its living process. `on_change` is called when a process is there or has been replaced."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._parts: dict[str, Part] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}

    @property
    def pids(self) -> dict[str, list[int]]:
        """The process ids by part, as of now."""
        return {name: [process.pid] for name, process in self._processes.items()}

    async def add(self, part: Part) -> None:
        """Start a part and return when it is ready; from then on it is kept alive. PartFailed when it does not get there."""
        await self._start(part)
        await wait_ready(part, self._processes[part.name])
        log.info("part.ready", part=part.name)
        self._keepers[part.name] = asyncio.create_task(self._keep(part))

    async def keep(self, part: Part) -> None:
        """Start a part and keep it alive, whether it gets ready or not."""
        await self._start(part)
        self._keepers[part.name] = asyncio.create_task(self._keep(part))

    async def remove(self, name: str) -> None:
        """Stop one part and keep it stopped."""
        keeper = self._keepers.pop(name)
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await stop(self._parts.pop(name), self._processes.pop(name))
        log.info("part.removed", part=name)

    async def stop(self, order: Sequence[Sequence[str]]) -> None:
        """Stop the parts, group after group; the parts of a group together."""
        for keeper in self._keepers.values():
            keeper.cancel()
        await asyncio.gather(*self._keepers.values(), return_exceptions=True)
        for group in order:
            there = [name for name in group if name in self._processes]
            await asyncio.gather(*(stop(self._parts[name], self._processes[name]) for name in there))
            for name in there:
                log.info("part.stopped", part=name, code=self._processes[name].returncode)

    async def _start(self, part: Part) -> None:
        self._parts[part.name] = part
        self._processes[part.name] = await start(part)
        self._on_change()

    async def _keep(self, part: Part) -> None:
        quick_deaths = 0
        while True:
            born = time.monotonic()
            code = await self._processes[part.name].wait()
            quick_deaths = quick_deaths + 1 if time.monotonic() - born < _SOON_SECONDS else 0
            log.warning("part.ended", part=part.name, code=code, starting_again_in=pause(quick_deaths))
            await asyncio.sleep(pause(quick_deaths))
            await self._start(part)
            log.info("part.started_again", part=part.name)
