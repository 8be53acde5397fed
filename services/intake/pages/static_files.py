"""Our own scripts, styles and pictures, from memory. The address carries a hash of them all, so that browsers keep them for
a year and modules find each other by relative names."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from services.intake.api.errors import not_found

FOLDER = Path(__file__).parent / "static"
_YEAR = "public, max-age=31536000, immutable"
_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml"}  # machines disagree about these

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file, ready to be sent."""

    media_type: str
    content: bytes
    packed: bytes  # gzip


@cache
def static_files() -> dict[str, StaticFile]:
    """All files by name."""
    return {file.name: _load(file) for file in sorted(FOLDER.iterdir()) if file.is_file()}


@cache
def version() -> str:
    """Changes whenever any of the files does."""
    hashed = hashlib.sha256()
    for name, file in static_files().items():
        hashed.update(name.encode() + b"\0" + file.content)
    return hashed.hexdigest()[:12]


def static_url(name: str) -> str:
    """The address of a file. Raises KeyError when there is none."""
    assert name in static_files(), name  # noqa: S101 - names stand in our templates
    return f"/static/{version()}/{name}"


@router.get("/static/{_version}/{name}")
async def send_static_file(_version: str, name: str, request: Request) -> Response:
    """A file. Whatever version is asked for, the newest is sent; only the right one may be kept."""
    file = static_files().get(name)
    if file is None:
        raise not_found()
    headers = {"Cache-Control": _YEAR if _version == version() else "no-cache", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, media_type=file.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(file.content, media_type=file.media_type, headers=headers)


def _load(file: Path) -> StaticFile:
    content = file.read_bytes()
    media_type = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return StaticFile(media_type, content, gzip.compress(content, mtime=0))
