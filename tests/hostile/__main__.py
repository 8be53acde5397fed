"""Reads every hostile file in a process of its own and prints the table of docs/reliability.md:
`python -m tests.hostile [MEGABYTES]`, 100 of text unless told otherwise."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.hostile.texts import TEXTS
from tests.hostile.workbooks import WORKBOOKS

CHECKOUT = Path(__file__).parents[2]


def read_alone(pieces: Iterable[bytes], *, rows: int = 1_000_000) -> dict[str, Any]:
    """What became of a file of these bytes, and what that took."""
    with tempfile.NamedTemporaryFile() as file:
        for piece in pieces:
            file.write(piece)
        size = file.tell()
        file.flush()
        done = subprocess.run(
            [sys.executable, "-m", "tests.hostile.read_one", file.name, str(rows)], cwd=CHECKOUT, capture_output=True, text=True,
            timeout=300, check=True,
        )  # fmt: skip
    return {**json.loads(done.stdout), "size": size}


def what_happened(found: dict[str, Any]) -> str:
    """In a few words."""
    if found["rejected"]:
        return f"rejected: {found['rejected'][0]}"
    problems = ", ".join(f"`{code}` × {times:,}" for code, times in found["problems"].items())
    return f"{found['rows']:,} record{'s' * (found['rows'] != 1)}" + (f"; {problems}" if problems else "")


def main(megabytes: int) -> None:
    """Print a line for each kind."""
    print("| file | bytes | what happens | memory, MB |\n|---|--:|---|--:|")
    for name, text in TEXTS.items():
        tell(name, read_alone(text(megabytes * 1_000_000)), "more_kb")
    for name, workbook in WORKBOOKS.items():
        tell(f".xlsx: {name}", read_alone([workbook()]), "workbook_kb")


def tell(name: str, found: dict[str, Any], memory: str) -> None:
    print(f"| {name} | {found['size']:,} | {what_happened(found)} | {found[memory] / 1024:.0f} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
