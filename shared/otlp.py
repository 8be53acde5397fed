"""Spans of imports on their way to an OpenTelemetry collector. Imported only when one is named (shared/traces.py)."""

from collections.abc import Mapping
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

_SECONDS = 3  # for one export; a collector that is away costs spans and nothing else
_64_BITS = (1 << 64) - 1


class _Ids(RandomIdGenerator):
    """Random ids, but for the first span of an import."""

    first: trace.SpanContext | None = None

    def generate_trace_id(self) -> int:
        return self.first.trace_id if self.first else super().generate_trace_id()

    def generate_span_id(self) -> int:
        return self.first.span_id if self.first else super().generate_span_id()


class ImportTracer:
    """Writes spans that are over, from a thread of its own."""

    def __init__(self, service: str, endpoint: str) -> None:
        self._ids = _Ids()
        resource = Resource.create({SERVICE_NAME: f"rollcall-{service}"})
        self._provider = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        self._provider.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(endpoint, timeout=_SECONDS), export_timeout_millis=_SECONDS * 1000)
        )
        self._tracer = self._provider.get_tracer("rollcall")

    def note(
        self,
        name: str,
        import_id: str | UUID,
        *,
        since: int,
        failed: bool,
        facts: Mapping[str, int | str],
        first: bool = False,
    ) -> None:
        """A span from `since` until now. An id that is none is a hostile event's and has no trace."""
        try:
            upload = _first_span(UUID(str(import_id)))
        except ValueError:
            return
        self._ids.first = upload if first else None
        context = Context() if first else trace.set_span_in_context(trace.NonRecordingSpan(upload), Context())
        span = self._tracer.start_span(name, context, attributes=facts, start_time=since)
        if failed:
            span.set_status(trace.StatusCode.ERROR)
        span.end()

    def flush(self) -> None:
        """Send what is left, within a bound."""
        self._provider.force_flush(_SECONDS * 1000)


def _first_span(import_id: UUID) -> trace.SpanContext:
    """The import's id is its trace; half of it is its first span, so that everybody knows what to stand under."""
    return trace.SpanContext(
        import_id.int, import_id.int & _64_BITS, is_remote=True, trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED)
    )
