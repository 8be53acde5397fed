"""An import's progress as server-sent events."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from services.intake.api.access import DepsOf, MyImport, may_still_see
from services.intake.api.schemas import Import
from services.intake.read_imports import import_json
from services.intake.watch_imports import ImportWatches

router = APIRouter(tags=["Imports"])

HEARTBEAT_SECONDS = 15.0  # proxies close streams that stay silent
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_STREAM = {"text/event-stream": {"example": 'event: import\ndata: {"id": "…", "status": "running", …}\n\n'}}


@router.get(
    "/imports/{import_id}/events", response_class=StreamingResponse, responses={200: {"content": _STREAM}}
)  # fmt: skip
async def watch_import(request: Request, mine: MyImport, deps: DepsOf) -> StreamingResponse:
    """Events `import` with the import as JSON: at once, then on each change, at most four a second. The stream ends after
    the event with a final status (finished, rejected, cancelled), and soon after the caller's session or token."""
    import_id = mine["id"]
    changes = _while_allowed(request.app.state.watches, import_id, partial(may_still_see, request, import_id))
    events = _events(changes, deps.settings.base_url)
    return StreamingResponse(events, media_type="text/event-stream", headers=_HEADERS)


async def _while_allowed(
    watches: ImportWatches, import_id: UUID, allowed: Callable[[], Awaitable[bool]]
) -> AsyncGenerator[asyncpg.Record | None, None]:
    """The import's changes and silences; asks with each heartbeat, or as often while it is never silent."""
    asked_at = time.monotonic()
    async with aclosing(watches.changes(import_id, silence_seconds=HEARTBEAT_SECONDS)) as changes:
        async for row in changes:
            if time.monotonic() - asked_at >= HEARTBEAT_SECONDS:
                if not await allowed():
                    return
                asked_at = time.monotonic()
            yield row


async def _events(changes: AsyncGenerator[asyncpg.Record | None, None], base_url: str) -> AsyncGenerator[bytes, None]:
    shown = None
    async with aclosing(changes):
        async for row in changes:
            if row is None:
                yield b": still here\n\n"
                continue
            body = Import.model_validate(import_json(row, base_url)).model_dump_json()
            if body != shown:  # leases and the like change too, and are nobody's business
                shown = body
                yield f"event: import\ndata: {body}\n\n".encode()
