"""Prometheus's own checker: the machine's, else Debian's package unpacked beside our downloads, else built by Go."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from cli.local.kafka import cache_folder

VERSION = "v0.316.0"  # of the Go module; Debian's may be older, and the rules are written for both
_PACKAGE = "github.com/prometheus/prometheus/cmd/promtool"
WHAT_TO_DO = (
    "The tests of alert rules need promtool and none could be found or had. Install Prometheus (Debian and Ubuntu: "
    "`apt-get install prometheus`), or Go, with which promtool is built."
)


def find_promtool() -> str:
    """The program's path. Raises RuntimeError with what to do when there is none."""
    kept = cache_folder() / "promtool"
    if found := shutil.which("promtool") or shutil.which(str(kept)):
        return found
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".promtool-") as folder:
        made = _from_debian(Path(folder)) or _from_go(Path(folder))
        if made is None:
            raise RuntimeError(WHAT_TO_DO)
        made.rename(kept)  # whole or not there, also when two fetch it at once
    return str(kept)


def _from_debian(folder: Path) -> Path | None:
    """Unpacked, not installed: an installed one would run as a service."""
    if shutil.which("apt-get") is None:
        return None
    if not _try(folder, "apt-get", "download", "prometheus"):  # needs no rights, only lists that are there
        _try(folder, "apt-get", "update", "--quiet")
        _try(folder, "apt-get", "download", "prometheus")
    packages = list(folder.glob("prometheus_*.deb"))
    if packages and _try(folder, "dpkg-deb", "--extract", str(packages[0]), "."):
        return folder / "usr/bin/promtool"
    return None


def _from_go(folder: Path) -> Path | None:
    """Takes minutes. Without service discovery, which brings hundreds of modules."""
    if shutil.which("go") is None:
        return None
    lean = ("-tags", "remove_all_sd")
    steps = (
        ("mod", "init", "promtool"), ("get", *lean, f"{_PACKAGE}@{VERSION}"), ("build", *lean, "-o", "promtool", _PACKAGE)
    )  # fmt: skip
    return folder / "promtool" if all(_try(folder, "go", *step) for step in steps) else None


def _try(folder: Path, *command: str) -> bool:
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        return subprocess.run(command, cwd=folder, env=environment, timeout=900, check=False, **quiet).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
