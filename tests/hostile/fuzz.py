"""Coverage-guided fuzzing of the reader: `make fuzz ARGS="--seconds 60"`. What it finds is written to `.rollcall/crash-*`,
which `python -m tests.hostile.fuzz FILE` tries again."""

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["services.intake", "csv", "encodings"]):
    from tests.hostile.invariants import check_any_bytes
    from tests.hostile.texts import HEADER, TEXTS

INPUT_BYTES = 4_096


def read_any_bytes(data: bytes) -> None:
    """One input. Workbooks are left out: they are read by a process of its own, which no coverage reaches."""
    if data and not data.startswith(b"PK"):
        check_any_bytes(data[1:], chunk_bytes=data[0] + 1)


def main() -> None:
    """Fuzz for a while, from a small example of each hostile file."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("file", nargs="*", type=Path, help="tried again instead")
    asked = arguments.parse_args()
    for file in asked.file:
        read_any_bytes(file.read_bytes())
    if not asked.file:
        with tempfile.TemporaryDirectory(prefix="rollcall-fuzz-") as folder:
            fuzz(Path(folder), asked.seconds)


def fuzz(folder: Path, seconds: int) -> None:
    """Ends the process: with an error when something was found."""
    for number, pieces in enumerate(TEXTS.values()):
        start = b"".join(piece[:300] for piece in pieces(1))
        (folder / f"{number}").write_bytes(b"\x0f" + start)
        (folder / f"{number}h").write_bytes(b"\x0f" + HEADER + start)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={INPUT_BYTES}",
        "-timeout=20",
        "-len_control=0",
        "-artifact_prefix=.rollcall/",
        "-rss_limit_mb=1024",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(folder)], read_any_bytes)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
