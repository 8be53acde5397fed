"""Traces, when a collector is named: one for each import, with the import's id, from its upload to its finish mail. A span
tells of a batch, never of a row. Nothing travels with events: who has an event knows its import, and so its trace."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from shared.settings import ServiceSettings

if TYPE_CHECKING:
    from shared.otlp import ImportTracer

IMPORTS_OF_A_BATCH = 10  # a batch of many small imports is told to those with the most events

_tracer: "ImportTracer | None" = None


class TracesNotInstalledError(Exception):
    """A collector is named, and the packages for it are not there."""


def start_traces(service: str, settings: ServiceSettings) -> None:
    """Send spans to the collector that the settings name. Without one nothing is loaded, and all else here does nothing."""
    global _tracer
    if settings.traces_endpoint:
        try:
            from shared.otlp import ImportTracer
        except ImportError as missing:
            raise TracesNotInstalledError("ROLLCALL_TRACES_ENDPOINT is set: install `rollcall[traces]`") from missing
        _tracer = ImportTracer(service, settings.traces_endpoint)


def stop_traces() -> None:
    """Send what is left, within a bound."""
    if _tracer is not None:
        _tracer.flush()


@contextmanager
def batch_span(name: str, events: Sequence[Any]) -> Iterator[None]:
    """For the time of the block a span in the trace of each import that has events in a batch."""
    since = time.time_ns()
    failed = True
    try:
        yield
        failed = False
    finally:
        if _tracer is not None:
            imports = Counter(event.import_id for event in events if hasattr(event, "import_id"))
            for import_id, count in imports.most_common(IMPORTS_OF_A_BATCH):
                note_span(name, import_id, since=since, failed=failed, events=count)


def note_span(name: str, import_id: str | UUID, *, since: int, failed: bool = False, **facts: int | str) -> None:
    """A span in an import's trace for what took from `since` (nanoseconds since 1970) until now."""
    if _tracer is not None:
        _tracer.note(name, import_id, since=since, failed=failed, facts=facts)


def note_upload(import_id: UUID, *, since: int, **facts: int | str) -> None:
    """The first span of an import's trace; all others stand under it."""
    if _tracer is not None:
        _tracer.note("upload", import_id, since=since, failed=False, facts=facts, first=True)
