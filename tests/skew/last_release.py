"""The code of the last release, in a folder of its own. It runs with the packages of this checkout's .venv."""

import io
import subprocess
import tarfile
from pathlib import Path

# What runs in production while this checkout is deployed. When a release is tagged, raise it to that release's commit and
# raise the version of the code (shared/version.py) with it: this folder then tests the step to whatever comes next.
VERSION, COMMIT = "0.1.0", "07d86a5b6d8b788c02d86cff3edf1bc070320f7f"
CHECKOUT = Path(__file__).parents[2]
WHAT_TO_DO = (
    f"The tests of upgrades need the code of {VERSION} (commit {COMMIT}), and this checkout does not have it: "
    "run `git fetch --unshallow`, or clone the repository with its whole history."
)


class NotThere(Exception):
    """The history does not reach back that far, and could not be fetched."""

    def __init__(self) -> None:
        super().__init__(WHAT_TO_DO)


def unpack(folder: Path, checkout: Path = CHECKOUT) -> Path:
    """Put the code into the folder; raises NotThere."""
    if _git(checkout, "cat-file", "-e", f"{COMMIT}^{{commit}}") is None:
        _git(checkout, "fetch", "--quiet", "--unshallow")
    if (
        archive := _git(checkout, "archive", "--format=tar", COMMIT, "--", "services", "shared", "cli", "tests")
    ) is None:
        raise NotThere
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extraction_filter = getattr(tarfile, "data_filter", None)  # the oldest 3.11 have none
        files.extractall(folder)  # noqa: S202 - our own archive
    return folder


def _git(checkout: Path, *command: str) -> bytes | None:
    """What it printed; None if it failed. Never asks for a password."""
    done = subprocess.run(
        ["git", "-C", checkout, "-c", "core.askPass=true", *command],
        stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    return done.stdout if done.returncode == 0 else None
