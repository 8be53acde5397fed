"""Small files that other processes read while we write them."""

import os
import tempfile
from pathlib import Path


def write_atomically(file: Path, text: str) -> None:
    """Replace the file in one step, so that a reader sees the old text or the new one. Only the owner may read it."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # made with mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as draft:
        draft.write(text)
    os.replace(name, file)
