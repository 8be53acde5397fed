"""Where source files are kept, unchanged: a local folder or a cloud bucket, through obstore.
Paths are made by us from import ids; a person's file name never becomes a path."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from shared.metrics import FILE_STORE_TROUBLE

log = structlog.get_logger()

_PART_BYTES = 5 * 1024 * 1024  # the smallest part that S3 accepts; two of them are in memory at once
_READ_BYTES = 1024 * 1024
_TRIAL = "trial"  # what is written to see whether that can be done
_TRIAL_BYTES = 64 * 1024  # a disk that has not even these is full


class FileStoreAwayError(OSError):
    """The file store cannot be written: it is full, or cannot be reached. No file is at fault."""


class FileStore:
    """Source files by path."""

    def __init__(self, url: str) -> None:
        """`url` as in settings.file_store_url; a local folder is created."""
        self._store = LocalStore.from_url(url, mkdir=True) if url.startswith("file:") else from_url(url)

    async def save(self, path: str, chunks: AsyncIterator[bytes]) -> None:
        """Write a file as its chunks arrive. What `chunks` raises is raised here, and then no file is left (in a bucket
        parts may stay until its lifecycle rule for incomplete uploads removes them). Raises FileStoreAwayError."""
        with _writing():
            await obstore.put_async(self._store, path, chunks, chunk_size=_PART_BYTES, max_concurrency=2)

    async def delete(self, path: str) -> None:
        """Remove a file. Raises FileStoreAwayError."""
        with _writing(), suppress(FileNotFoundError):
            await obstore.delete_async(self._store, path)

    async def check(self) -> None:
        """Write a small file and remove it. Raises FileStoreAwayError."""
        with _writing(), suppress(FileNotFoundError):  # another replica's check may have removed it
            await obstore.put_async(self._store, _TRIAL, bytes(_TRIAL_BYTES))
            await obstore.delete_async(self._store, _TRIAL)

    async def stored_before(self, moment: datetime, *, folder: str) -> AsyncIterator[list[str]]:
        """The paths of files in a folder that were complete before then, some at a time."""
        async for batch in obstore.list(self._store, prefix=folder):
            yield [file["path"] for file in batch if file["last_modified"] < moment]

    def remove_unfinished(self, folder: str, *, before: datetime) -> int:
        """Remove what writing left behind that nobody ended, in a local folder; returns how many files. (A bucket has its
        lifecycle rule.)"""
        if not isinstance(self._store, LocalStore) or self._store.prefix is None:
            return 0
        staged = Path(self._store.prefix).glob(
            f"{folder}/*#*"
        )  # LocalStore writes beside the file, and lists no such names
        old = [path for path in staged if path.stat().st_mtime < before.timestamp()]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def blocking_chunks(self, path: str) -> Iterator[bytes]:
        """The file's bytes in order, some at a time; each step blocks, so walk it in a thread."""
        for chunk in obstore.get(self._store, path).stream(min_chunk_size=_READ_BYTES):
            yield bytes(chunk)


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        FILE_STORE_TROUBLE.set(1)
        log.error("file_store.away", error=type(error).__name__, detail=str(error).partition("\n")[0])
        raise FileStoreAwayError from error
    FILE_STORE_TROUBLE.set(0)
