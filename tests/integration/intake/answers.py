"""Services that never keep intake waiting, for tests without a broker."""

import time


async def at_once() -> float:
    """Whatever was asked before now has been answered."""
    return time.monotonic()


ALL_ANSWERED = {"rows_answered": at_once, "approvals_answered": at_once}
