"""How fast mails may go, and when all of them must wait."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from services.notifier.answers import Trouble
from shared.metrics import MAIL_SERVER_TROUBLE

log = structlog.get_logger()

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]

_CATCH_UP_SECONDS = 0.1  # of turns not taken that may be taken late, since a sleep always lasts a little too long
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
_SETTINGS_PAUSE_SECONDS = 30.0  # then try again: the fault may be mended at the mail server


class Pace:
    """Turns at an even pace. Zero per second: no limit."""

    def __init__(self, per_second: float, *, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    async def turn(self) -> None:
        """Wait for the next turn and take it."""
        now = self._clock()
        start = max(self._next, now - _CATCH_UP_SECONDS)
        self._next = start + self._gap
        if start > now:
            await self._sleep(start - now)


class ServerPause:
    """One pause for all mails while the mail server is away or refuses us: a hundred thousand mails need not each find
    out, nor spend an attempt on it. Doubles until a mail goes through."""

    def __init__(self, *, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._until = 0.0
        self._seconds = _FIRST_PAUSE_SECONDS
        self.trouble = Trouble.NONE

    async def passed(self) -> None:
        """Return once mails may be tried."""
        while (rest := self._until - self._clock()) > 0:
            await self._sleep(rest)

    def report(self, trouble: Trouble, reason: str = "") -> None:
        """Take in what an attempt said about the mail server."""
        if trouble is Trouble.NONE:
            self._end()
        elif self._clock() >= self._until:  # else: known; other connections tell the same story
            self._begin(trouble, reason)

    async def check(self) -> None:
        """Raise while the mail server refuses us. One that is only away makes nobody unready: mails wait."""
        if self.trouble is Trouble.SETTINGS:
            raise PermissionError("the mail server refuses us")

    async def check_reachable(self) -> None:
        """Raise since the mail server did not take mails, until it took one."""
        if self.trouble is Trouble.AWAY:
            raise ConnectionError("the mail server is away")

    def _begin(self, trouble: Trouble, reason: str) -> None:
        seconds = _SETTINGS_PAUSE_SECONDS if trouble is Trouble.SETTINGS else self._seconds
        self._until = self._clock() + seconds
        self._seconds = min(self._seconds * 2, _LONGEST_PAUSE_SECONDS)
        self._show(trouble)
        write = log.error if trouble is Trouble.SETTINGS else log.warning
        write("mail_server.trouble", trouble=trouble.value, reason=reason, pause_seconds=seconds)

    def _end(self) -> None:
        if self.trouble is not Trouble.NONE and self._clock() >= self._until:
            log.info("mail_server.back")
            self._seconds = _FIRST_PAUSE_SECONDS
            self._show(Trouble.NONE)

    def _show(self, trouble: Trouble) -> None:
        self.trouble = trouble
        for kind in (Trouble.AWAY, Trouble.SETTINGS):
            MAIL_SERVER_TROUBLE.labels(kind.value).set(kind is trouble)
