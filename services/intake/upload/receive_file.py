"""An upload streams in: multipart body -> file store, with size and SHA-256 counted on the way. Whatever is refused leaves
nothing in the store. Who may upload, and what the file means, is decided elsewhere."""

import hashlib
import re
import unicodedata
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from streaming_form_data import ParseFailedException, StreamingFormDataParser
from streaming_form_data.targets import BaseTarget

from services.intake.file_store import FileStore
from services.intake.states import RunMoment
from shared.events import EmailPolicy, Problem
from shared.problems import problem

FILE_NAME_CHARACTERS = 255
_FIELD_BYTES = 400  # of `type`, `emails`, `run` and `csrf` together
_NOT_READABLE = "The body is not readable multipart/form-data; let your HTTP client write it, with its Content-Type."
_OVERHEAD_BYTES = 64 * 1024  # what a body may have around the file: boundaries, part headers, other fields
W = TypeVar("W", bound=StrEnum)
_NOT_IN_NAMES = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control, invisible and broken characters


class UploadRefused(Exception):
    """The upload cannot be taken. `problem` is set when the file itself is at fault."""

    def __init__(self, status: int, code: str, message: str, *, problem: Problem | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.problem = status, code, message, problem


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """A source file in the store, and the fields that came with it."""

    name: str  # as the person calls it; never a path
    size: int  # bytes
    lines: int  # at most so many; CRLF is one line end, unless two pieces of the body share it
    sha256: str
    type: str
    emails: EmailPolicy
    run: RunMoment = RunMoment.AFTER_REVIEW
    csrf: str = ""  # of a form; whoever takes forms checks it


async def receive_file(
    body: AsyncIterator[bytes], headers: Mapping[str, str], *,
    file_store: FileStore, path: str, max_bytes: int, types: Collection[str],
) -> ReceivedFile:  # fmt: skip
    """Store the file of a multipart body under `path`. Raises UploadRefused, and what `body` raises when the client goes."""
    if int(headers.get("content-length") or 0) > max_bytes + _OVERHEAD_BYTES:
        raise _too_large(max_bytes)
    upload = _Upload(headers, max_bytes, types)
    await file_store.save(path, upload.read(body))
    return upload.received()


def clean_file_name(name: str) -> str:
    """The last part of a path, without characters that do not show, at most 255 characters."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(c for c in last if unicodedata.category(c) not in _NOT_IN_NAMES).strip()
    return shown[:FILE_NAME_CHARACTERS] or "file"


class _Part(BaseTarget):  # type: ignore[misc]  # the library ships no types
    """One field of the form; keeps bytes until they are taken, counts what came."""

    def __init__(self) -> None:
        super().__init__()
        self.times, self.size, self.complete = 0, 0, False
        self._pieces: list[bytes] = []

    def on_start(self) -> None:
        self.times += 1

    def on_data_received(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._pieces.append(bytes(chunk))

    def on_finish(self) -> None:
        self.complete = True

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class _Upload:
    """A multipart body on its way through the parser."""

    def __init__(self, headers: Mapping[str, str], max_bytes: int, types: Collection[str]) -> None:
        self._file, self._type, self._emails, self._run, self._csrf = (_Part() for _ in range(5))
        self._max_bytes, self._types = max_bytes, types
        self._sha256 = hashlib.sha256()
        self._lines, self._last = 0, b""
        self._words: tuple[str, EmailPolicy, RunMoment] = ("", EmailPolicy.SEND, RunMoment.AFTER_REVIEW)
        try:
            self._parser = StreamingFormDataParser(headers)
        except ParseFailedException:
            raise UploadRefused(415, "request.not_multipart", "Send the file as multipart/form-data.") from None
        parts = {"type": self._type, "emails": self._emails, "run": self._run, "csrf": self._csrf}
        self._short = tuple(parts.values())
        for name, part in {"file": self._file, **parts}.items():
            self._parser.register(name, part)

    async def read(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The file's bytes, as they come. Refusals are raised in here, so that the store drops what it has."""
        received = 0
        async for chunk in body:
            received += len(chunk)
            self._parse(chunk)
            if self._file.size > self._max_bytes or received > self._max_bytes + _OVERHEAD_BYTES:
                raise _too_large(self._max_bytes)
            if received - self._file.size > _OVERHEAD_BYTES:
                raise UploadRefused(
                    422, "request.invalid", "There is too much around the file; send it and its few fields."
                )
            if sum(part.size for part in self._short) > _FIELD_BYTES:
                raise UploadRefused(422, "request.invalid", "The fields `type`, `emails` and `run` are short words.")
            if piece := self._file.take():
                self._sha256.update(piece)
                self._count_lines(piece)
                yield piece
        self._check()

    def received(self) -> ReceivedFile:
        """What was stored, once all of it was read."""
        import_type, emails, run = self._words
        return ReceivedFile(
            name=clean_file_name(self._file.multipart_filename or ""), size=self._file.size,
            lines=self._lines + (self._last not in b"\r\n"),
            sha256=self._sha256.hexdigest(), type=import_type, emails=emails, run=run,
            csrf=self._csrf.take().decode("utf-8", "replace"),
        )  # fmt: skip

    def _count_lines(self, piece: bytes) -> None:
        self._lines += piece.count(b"\n") + piece.count(b"\r") - piece.count(b"\r\n")
        self._last = piece[-1:]

    def _parse(self, chunk: bytes) -> None:
        try:
            self._parser.data_received(chunk)
        except (ParseFailedException, ValueError):  # ValueError: headers of a part that are not text
            raise UploadRefused(422, "request.invalid", _NOT_READABLE) from None

    def _check(self) -> None:
        if not self._file.times or not self._file.multipart_filename:
            raise UploadRefused(422, "file.missing", "There is no file; send it in the field `file` with its name.")
        if self._file.times > 1:
            raise UploadRefused(422, "request.invalid", "Send one file per import.")
        if not self._file.complete:
            raise UploadRefused(422, "request.invalid", "The upload ended in the middle of the file; send it again.")
        emails = _known_word(self._emails, "emails", words=EmailPolicy, default=EmailPolicy.SEND)
        run = _known_word(self._run, "run", words=RunMoment, default=RunMoment.AFTER_REVIEW)
        self._words = (self._known_type(), emails, run)

    def _known_type(self) -> str:
        import_type = self._type.take().decode("utf-8", "replace").strip()
        if import_type not in self._types:
            known = ", ".join(self._types)
            raise UploadRefused(422, "import_type.unknown", f"There is no such import type; `type` is one of: {known}.")
        return import_type


def _known_word(part: _Part, name: str, *, words: type[W], default: W) -> W:
    word = part.take().decode("utf-8", "replace").strip() or default
    if word not in list(words):  # not `words(word)`, which knows what newer versions may say
        raise UploadRefused(422, f"{name}.unknown", f"`{name}` is one of: {', '.join(words)}.")
    return words(word)


def _too_large(max_bytes: int) -> UploadRefused:
    found = problem("file.too_large", limit=shown_size(max_bytes))
    return UploadRefused(413, found.code, found.message, problem=found)


def shown_size(size: int) -> str:
    """A number of bytes as people write it: 100 MB, 1.5 kB."""
    for unit, factor in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= factor:
            return f"{size / factor:g} {unit}"
    return f"{size} bytes"
