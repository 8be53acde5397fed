"""The rows of a held import's source file as events, in batches. Reading blocks, so each batch is read in a thread."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import TypeVar

from obstore.exceptions import BaseError, NotFoundError

from services.intake.import_types import IMPORT_TYPES
from services.intake.reading.read_rows import Limits, Rejected, Row, SourceReader, open_source
from services.intake.work.held_import import HeldImport, Progress
from shared.email_key import email_key
from shared.events import RowRead

T = TypeVar("T")

BATCH_ROWS = 2_000
BATCH_CHARACTERS = 4_000_000  # so that rows of the greatest length do not fill the memory
# A thread for each import that is worked on: none waits for another's file.
_READERS = ThreadPoolExecutor(64, thread_name_prefix="reading")
_AWAY = (OSError, BaseError)  # the file store cannot be reached; that passes


class ReadingFailedError(Exception):
    """The reader met something it does not know, or the stored file is gone. Trying again will hardly help."""


async def open_held(held: HeldImport, progress: Progress) -> SourceReader:
    """The import's source file, looked at. Raises Rejected."""
    chunks = partial(held.deps.file_store.blocking_chunks, progress.file_path)
    limits = Limits(rows=held.deps.settings.upload_max_rows)
    return await _in_thread(lambda: open_source(chunks, IMPORT_TYPES[progress.type], limits))


async def row_batches(
    reader: SourceReader, progress: Progress, *, after: int = 0, size: int = BATCH_ROWS
) -> AsyncIterator[list[RowRead]]:
    """The rows behind row `after`, `size` at a time, or fewer when they are long. Raises Rejected when the file turns out not to be readable."""
    rows = reader.rows()
    if after:
        rows = (row for row in rows if row.row > after)
    while batch := await _in_thread(partial(_next_batch, rows, reader, progress=progress, size=size)):
        yield batch


def _next_batch(rows: Iterator[Row], reader: SourceReader, *, progress: Progress, size: int) -> list[RowRead]:
    import_id, experience_id, columns = str(progress.id), str(progress.experience_id), reader.columns
    email = columns["email"]
    batch, characters = [], 0
    for row in islice(rows, size):
        event = RowRead(
            import_id=import_id,
            experience_id=experience_id,
            type=progress.type,
            row=row.row,
            email_key=email_key(row.cells[email]) if email < len(row.cells) else "",
            cells=row.cells,
            columns=columns,
            problems=row.problems,
        )
        batch.append(event)
        characters += sum(map(len, row.cells))
        if characters >= BATCH_CHARACTERS:
            break
    return batch


async def _in_thread(work: Callable[[], T]) -> T:
    try:
        return await asyncio.get_running_loop().run_in_executor(_READERS, work)
    except (NotFoundError, FileNotFoundError) as error:
        raise ReadingFailedError("the stored file is gone") from error
    except (Rejected, *_AWAY):
        raise
    except Exception as error:
        raise ReadingFailedError(type(error).__name__) from error
