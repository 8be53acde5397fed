"""Where source files are kept, unchanged: a local folder or a cloud bucket, through obstore.
Paths are made by us from import ids; a person's file name never becomes a path."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
import structlog
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, from_url

from shared.metrics import FILE_STORE_TROUBLE

if TYPE_CHECKING:
    from obstore.store import RetryConfig

log = structlog.get_logger()

_PART_BYTES = 5 * 1024 * 1024  # the smallest part that S3 accepts; two of them are in memory at once
_READ_BYTES = 4 * 1024 * 1024
# Somebody waits for each upload; obstore's default is three minutes.
_RETRY: "RetryConfig" = {"max_retries": 5, "retry_timeout": timedelta(seconds=30)}
_TRIAL = "trial"  # what is written to see whether that can be done
_TRIAL_BYTES = 64 * 1024  # a disk that has not even these is full
_CODE = re.compile(r"<Code>(\w+)</Code>|\(code: (\w+)\)")  # a bucket's own word for what is wrong
_NO_PLACE = {"NoSuchBucket", "ContainerNotFound"}  # like a file that is not there, but no answer about any file


class FileStoreAwayError(OSError):
    """The file store cannot be written or read: it is full, or cannot be reached. No file is at fault."""


class FileStoreRefusedError(FileStoreAwayError):
    """It answers, and does not let us in: keys or rights are wrong, or there is no such bucket."""


class FileStore:
    """Source files by path."""

    def __init__(self, url: str) -> None:
        """`url` as in settings.file_store_url; a local folder is created."""
        self._store = (
            LocalStore.from_url(url, mkdir=True) if url.startswith("file:") else from_url(url, retry_config=_RETRY)
        )

    async def save(self, path: str, chunks: AsyncIterator[bytes]) -> None:
        """Write a file as its chunks arrive. What `chunks` raises is raised here, and then no file is left (in a bucket
        parts may stay until its lifecycle rule for incomplete uploads removes them). Raises FileStoreAwayError."""
        with _writing():
            await obstore.put_async(self._store, path, chunks, chunk_size=_PART_BYTES, max_concurrency=2)

    async def delete(self, path: str) -> None:
        """Remove a file. Raises FileStoreAwayError."""
        with _writing():
            await self._delete(path)

    async def check(self) -> None:
        """Write a small file and remove it. Raises FileStoreAwayError."""
        with _writing():
            await obstore.put_async(self._store, _TRIAL, bytes(_TRIAL_BYTES))
            await self._delete(_TRIAL)

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
        """The file's bytes in order, some at a time; each step blocks, so walk it in a thread. A request for each: a reader
        rests while its rows wait to be checked, for longer than a bucket keeps an answer open."""
        try:
            size = self._size(path)
            for start in range(0, size, _READ_BYTES):
                yield bytes(obstore.get_range(self._store, path, start=start, end=min(start + _READ_BYTES, size)))
        except FileNotFoundError as error:
            if _code(error) in _NO_PLACE:  # else imports would be rejected because their file is gone
                raise _away(error) from error
            raise

    def _size(self, path: str) -> int:
        try:
            return obstore.head(self._store, path)["size"]
        except FileNotFoundError:
            obstore.get_range(self._store, path, start=0, end=1)  # unlike this one, the answer to HEAD does not say why
            raise

    async def _delete(self, path: str) -> None:
        try:
            await obstore.delete_async(self._store, path)
        except FileNotFoundError as error:  # another replica may have removed it
            if _code(error) in _NO_PLACE:
                raise


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        FILE_STORE_TROUBLE.set(1)
        raise _away(error) from error
    FILE_STORE_TROUBLE.set(0)


def _away(error: Exception) -> FileStoreAwayError:
    code = _code(error)
    detail = str(error).partition("\n")[0]
    log.error("file_store.away", error=type(error).__name__, code=code, detail=detail)
    denied = isinstance(error, PermissionDeniedError | UnauthenticatedError) or code == "AccessDenied"
    refused = denied or code in _NO_PLACE
    return FileStoreRefusedError() if refused else FileStoreAwayError()


def _code(error: Exception) -> str:
    found = _CODE.search(str(error))
    return found[1] or found[2] if found else ""
