"""One supervisor per home: a lock that the kernel lets go of when its holder ends, however it ends."""

import fcntl
import os
from pathlib import Path
from typing import TextIO


def hold(file: Path) -> TextIO | None:
    """The lock, to be kept open; None when somebody else has it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = file.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def is_held(file: Path) -> bool:
    """Somebody has the lock now."""
    if not file.exists():
        return False
    with file.open("r") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def holder(file: Path) -> int | None:
    """The process that has the lock now."""
    return int(file.read_text() or 0) or None if is_held(file) else None
