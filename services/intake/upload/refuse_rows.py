"""A text with more rows than an import may have is refused before it is one. Lines are counted while they stream in; only a
text of so many is read for its rows. Those of a workbook are known when it is unpacked, which is the reader's to do."""

import asyncio
from collections import deque
from functools import partial

from obstore.exceptions import BaseError

from services.intake.deps import Deps
from services.intake.import_types import IMPORT_TYPES
from services.intake.reading.decode_text import Chunks
from services.intake.reading.file_kind import FIRST_BYTES, FileKind, kind_of
from services.intake.reading.read_rows import Limits, Rejected, open_source
from services.intake.upload.receive_file import ReceivedFile, UploadRefused
from shared.events import Problem

_TOO_MANY = "file.too_many_rows"


async def refuse_too_many_rows(deps: Deps, path: str, received: ReceivedFile) -> None:
    """Raises UploadRefused. Whatever else is wrong with the file, the reader tells."""
    limits = Limits(rows=deps.settings.upload_max_rows)
    if received.lines - 1 <= limits.rows:  # one is the header
        return
    chunks = partial(deps.file_store.blocking_chunks, path)
    if found := await asyncio.to_thread(_too_many_rows, chunks, received.type, limits):
        raise UploadRefused(413, found.code, found.message, problem=found)


def _too_many_rows(chunks: Chunks, import_type: str, limits: Limits) -> Problem | None:
    try:
        if kind_of(next(iter(chunks()))[:FIRST_BYTES])[0] is FileKind.TEXT:
            deque(open_source(chunks, IMPORT_TYPES[import_type], limits).rows(), maxlen=0)
    except Rejected as rejected:
        return next((problem for problem in rejected.problems if problem.code == _TOO_MANY), None)
    except (OSError, BaseError):
        return None  # the file store is away: the reader waits for it
    return None
