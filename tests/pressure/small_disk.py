"""A disk that is soon full: a file system of its own where this machine lets us mount one. Where it does not, its folder is
out of the way instead, which fails all writes as well."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

MEGABYTES = 24


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """The disk, and the store's folder on it."""

    root: Path
    is_mounted: bool

    @property
    def files(self) -> Path:
        """Where the file store is."""
        return self.root / "files"

    def fill(self) -> None:
        """Leave no room."""
        if self.is_mounted:
            with suppress(OSError), (self.root / "filling").open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
        else:
            self.files.rename(self.root / "away")
            self.files.touch()

    def free(self) -> None:
        """Make room again."""
        (self.root / "filling").unlink(missing_ok=True)
        if (self.root / "away").exists():
            self.files.unlink()
            (self.root / "away").rename(self.files)


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """The disk, for as long as the block lasts."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "rollcall-tests", str(folder)]
    is_mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield SmallDisk(folder, is_mounted)
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)
