"""CPU seconds and peak memory of the stack's processes, as the operating system counts them."""

from dataclasses import dataclass
from pathlib import Path

import psutil

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Usage:
    """One part of the stack: CPU seconds since it started, and memory in MB."""

    cpu_seconds: float
    peak_memory_mb: float


def usage(pids: dict[str, list[int]]) -> dict[str, Usage]:
    """Each part with the processes that it started. Memory: the highest resident size of its first process."""
    return {
        part: Usage(sum(map(_cpu_seconds, numbers)), _peak_mb(numbers[0])) for part, numbers in pids.items() if numbers
    }


def _cpu_seconds(pid: int) -> float:
    process = psutil.Process(pid)
    total = 0.0
    for member in (process, *process.children(recursive=True)):
        try:
            times = member.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if member.pid == pid:  # children that have ended are counted by their parent
            total += times.children_user + times.children_system
    return total


def _peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / MEGABYTE
    return 0.0
