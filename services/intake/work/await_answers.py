"""The window: how far publishing may run ahead of the answers, so that a large import does not delay a small one."""

import asyncio
from collections.abc import Awaitable, Callable

from services.intake.work.held_import import HeldImport, Progress

FIRST_PAUSE_SECONDS = 0.01
LONGEST_PAUSE_SECONDS = 0.25  # with many imports waiting, each moves slowly and is asked for rarely

Repair = Callable[[HeldImport, Progress], Awaitable[None]]


async def await_answers(
    held: HeldImport, enough: Callable[[Progress], bool], *, status: str, repair: Repair
) -> Progress:
    """Wait until enough answers came; when none come for a long time, repair. Raises NotOursError."""
    pause, answers = FIRST_PAUSE_SECONDS, -1
    while True:
        progress = await held.progress(status)
        if enough(progress):
            return progress
        if progress.stuck:
            await repair(held, progress)
        moved = progress.checked + progress.provisioned != answers
        answers = progress.checked + progress.provisioned
        pause = FIRST_PAUSE_SECONDS if moved else min(pause * 1.5, LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(pause)
