"""Reads one file as intake does and prints what became of it and what it took, as a line of JSON:
`python -m tests.hostile.read_one FILE ROWS`. A process of its own, so that its peak memory is that of this file."""

import json
import resource
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from services.intake.import_types import EXPERIENCE_LEARNERS
from services.intake.reading.read_rows import Limits, Rejected, open_source

_CHUNK_BYTES = 1 << 20  # as the file store gives them
_given_out = 0  # bytes, over all walks


def read(path: Path, limits: Limits) -> dict[str, object]:
    """What became of the file: `rejected` with its codes, or its rows and their problems."""
    rows, problems, ends = 0, Counter[str](), [""]
    outcome: dict[str, object] = {"rejected": [], "codes": []}
    try:
        for row in open_source(lambda: _chunks(path), EXPERIENCE_LEARNERS, limits).rows():
            rows += 1
            problems.update(problem.code for problem in row.problems)
            ends = [ends[0] or row.cells[0][:20], row.cells[0][:20]]
    except Rejected as rejected:
        outcome = {"rejected": [problem.message for problem in rejected.problems]}
        outcome["codes"] = [problem.code for problem in rejected.problems]
    return {**outcome, "rows": rows, "problems": dict(problems), "ends": [ends[0], ends[-1]]}


def _chunks(path: Path) -> Iterator[bytes]:
    global _given_out
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            _given_out += len(chunk)
            yield chunk


def main(path: Path, rows: int) -> None:
    """Read and tell."""
    before = _peak_kb()
    outcome = read(path, Limits(rows=rows, blank_rows=2 * rows))
    workbook = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = {"more_kb": _peak_kb() - before, "workbook_kb": workbook.ru_maxrss, "bytes_read": _given_out}
    print(json.dumps({**outcome, **taken}))


def _peak_kb() -> int:
    """Since this program began; what `getrusage` tells counts the process that started it, too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
