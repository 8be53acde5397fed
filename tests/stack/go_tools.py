"""Programs that exist as Go modules: built once from the module proxy where Go is there, kept in .rollcall/tools."""

import os
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parents[2] / ".rollcall" / "tools"


def go_tool(module: str) -> Path | None:
    """The program of a Go module such as `example.org/tool/cmd/tool@v1.2.3`; None where there is no Go."""
    path, _, version = module.partition("@")
    program = FOLDER / version / path.rpartition("/")[2]
    if program.exists():
        return program
    go = shutil.which("go")
    if go is None:
        return None
    program.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "GOBIN": str(program.parent)}
    subprocess.run([go, "install", module], env=environment, stdin=subprocess.DEVNULL, check=True, timeout=900)
    return program
