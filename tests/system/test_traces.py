"""One trace from upload to finish mail through all four services, when a collector is named; nothing of it otherwise."""

import asyncio
import subprocess
import sys
from pathlib import Path

from tests.stack.cluster import SERVICES, Build, running_cluster

from .collector import Span, collecting
from .outside import Outside, people, table, until

ROWS = 5_000
STEPS = {
    "upload", "publish rows", "handle imports.rows", "handle imports.checks", "run", "publish approvals",
    "handle imports.approvals", "handle imports.results", "handle imports.lifecycle", "finish mail",
}  # fmt: skip


async def test_an_import_is_one_trace_with_a_span_for_each_batch(tmp_path: Path) -> None:
    with collecting() as collector:
        build = Build(environment={"ROLLCALL_TRACES_ENDPOINT": collector.endpoint})
        async with running_cluster(tmp_path, builds=dict.fromkeys(SERVICES, build)) as cluster:
            import_id, other = await asyncio.to_thread(story, Outside(cluster.stack))
            spans = await asyncio.to_thread(until, lambda: whole(collector.of(import_id)), what="a span of each step")
    first = spans[0]
    assert (first.name, first.parent) == ("upload", "")
    assert {span.parent for span in spans[1:]} == {first.id}
    assert {span.service for span in spans} == {f"rollcall-{service}" for service in SERVICES}
    assert len(spans) < ROWS / 20, "spans tell of batches"
    assert all(span.end >= span.start for span in spans)
    assert "@" not in str(spans), "no address in a span"
    assert {span.trace for span in collector.spans} == {import_id.replace("-", ""), other.replace("-", "")}


def story(outside: Outside) -> tuple[str, str]:
    """Two imports, one after the other; the ids of both."""
    experience = outside.experience("Traced")
    ids = []
    for tag, rows in (("big", ROWS), ("small", 3)):
        ready = outside.prepared(experience, table(people(rows, tag)), emails="none")
        outside.run(ready["id"])
        ids.append(ready["id"])
    return ids[0], ids[1]


def whole(spans: list[Span]) -> list[Span] | None:
    """All services have told, each in its own time."""
    return spans if {span.name for span in spans} >= STEPS else None


def test_without_a_collector_nothing_of_it_is_loaded() -> None:
    program = (
        "import sys, services.intake.app, services.notifier.app, shared.service\n"
        "from shared.settings import ServiceSettings\n"
        "from shared.traces import note_span, start_traces\n"
        "start_traces('intake', ServiceSettings(database_url='postgresql://'))\n"
        "note_span('run', 'not even an id', since=0)\n"
        "print([name for name in sys.modules if name == 'shared.otlp' or name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
