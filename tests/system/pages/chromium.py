"""Finds a Chromium, or gets one: the system's, else Debian's package where it may be installed, else Playwright's download."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WHAT_TO_DO = (
    "The tests of the pages need a Chromium and none could be found or had. Install one (Debian and Ubuntu: "
    "`apt-get install chromium`), or let Playwright fetch its own: `.venv/bin/playwright install --with-deps chromium`."
)


def find_chromium() -> str | None:
    """The path of a Chromium; None stands for Playwright's own. Raises RuntimeError with what to do when there is none."""
    with Path(__file__).open() as one_at_a_time:  # tests run in several processes, apt-get only in one
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        return _find()


def _find() -> str | None:
    if found := _installed():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _try("apt-get", "update", "--quiet")
        _try("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "chromium")
        if found := _installed():
            return found
    if _try(sys.executable, "-m", "playwright", "install", "chromium"):
        return None
    raise RuntimeError(WHAT_TO_DO)


def _installed() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _try(*command: str) -> bool:
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        return subprocess.run(command, env=environment, timeout=600, check=False, **quiet).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
