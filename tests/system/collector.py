"""A collector of OpenTelemetry spans for tests: OTLP over HTTP, kept in memory."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan


class Span(NamedTuple):
    service: str
    name: str
    trace: str  # hexadecimal
    parent: str  # hexadecimal; "" for the first of its trace
    id: str
    start: int  # nanoseconds since 1970
    end: int
    facts: str  # all attributes as text


class Collector(ThreadingHTTPServer):
    """`spans` grows while services report."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans: list[Span] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/traces"

    def of(self, import_id: str) -> list[Span]:
        """An import's trace, in the order of time."""
        return sorted((s for s in self.spans if s.trace == import_id.replace("-", "")), key=lambda span: span.start)


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {a.key: a.value.string_value for a in resource.resource.attributes}
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                self.server.spans.append(_span(names["service.name"], span))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def _span(service: str, span: OtlpSpan) -> Span:
    return Span(
        service=service, name=span.name, trace=span.trace_id.hex(), parent=span.parent_span_id.hex(), id=span.span_id.hex(),
        start=span.start_time_unix_nano, end=span.end_time_unix_nano, facts=str(span.attributes),
    )  # fmt: skip


@contextmanager
def collecting() -> Iterator[Collector]:
    with Collector() as collector:
        Thread(target=collector.serve_forever, daemon=True).start()
        yield collector
        collector.shutdown()
