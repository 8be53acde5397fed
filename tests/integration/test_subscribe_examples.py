"""The examples for subscribers, each in its language as its user starts it: completed imports, their rows, replay, no doubles."""

import asyncio
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from services.intake.lifecycle import message_of
from shared.clock import iso, now
from shared.events import Codec, ImportChanged, LifecycleType, Outcome, RecordProvisioned, encode
from shared.kafka.publish import Message, Publisher, open_publisher
from shared.settings import KafkaSettings
from shared.topics import LIFECYCLE, RESULTS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "subscribe"
GOLDEN = ROOT / "tests" / "contract" / "golden"
COMPLETED = Codec(ImportChanged).decode((GOLDEN / "ImportChanged.json").read_bytes())
RESULT = Codec(RecordProvisioned).decode((GOLDEN / "RecordProvisioned.json").read_bytes())


@dataclasses.dataclass(frozen=True)
class Example:
    command: Sequence[str]
    folder: Path
    from_start: Sequence[str] | None  # what is added to read all again; None: another group does it


def examples() -> dict[str, Example]:
    """Those whose toolchain is here; Python's always are."""
    found = {
        "aiokafka": Example([sys.executable, "with_aiokafka.py"], FOLDER / "python", ["--from-start"]),
        "faststream": Example([sys.executable, "with_faststream.py"], FOLDER / "python", None),
    }
    if shutil.which("go"):
        found["go"] = Example(["go", "run", "."], FOLDER / "go", ["--from-start"])
    if shutil.which("mvn"):
        maven = ["mvn", "-q", "-B", "compile", "exec:java"]
        found["java"] = Example(maven, FOLDER / "java", ["-Dexec.args=--from-start"])
    return found


@contextmanager
def running(
    example: Example, environment: dict[str, str], extra: Sequence[str] = ()
) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [*example.command, *extra], cwd=example.folder, env={**os.environ, **environment}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever runs us may ignore it
    )  # fmt: skip
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGINT)  # Ctrl-C: it leaves its group
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=15)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def lines(process: "subprocess.Popen[str]", events: set[str]) -> list[dict[str, Any]]:
    """What it says until it has spoken of each of these events."""
    assert process.stdout
    said: list[dict[str, Any]] = []
    for line in process.stdout:
        if "{" in line:  # Maven may write colours before it
            said.append(json.loads(line[line.index("{") :]))
        if events <= {entry["event"] for entry in said}:
            return said
    raise AssertionError(f"it ended after {said}")


async def tell(publisher: Publisher, rows: int) -> str:
    """An import on the topics, beside rows of another one, each thing told twice; the id of its ImportCompleted."""
    import_id, started = str(uuid.uuid4()), iso(now())
    outcomes = [Outcome.CREATED, Outcome.ADDED, Outcome.UNCHANGED]
    results = [
        dataclasses.replace(RESULT, import_id=id_, row=row, email_key=f"{row}@school.org", outcome=outcomes[row % 3])
        for row in range(2, rows + 2) for id_ in (import_id, str(uuid.uuid4()))
    ]  # fmt: skip
    await publisher.publish(RESULTS, [Message(r.email_key.encode(), encode(r)) for r in [*results, *results]])
    turns = [
        dataclasses.replace(COMPLETED, id=f"{import_id}/{kind}", type=kind, import_id=import_id, started_at=started)
        for kind in (LifecycleType.STARTED, LifecycleType.COMPLETED, LifecycleType.COMPLETED)
    ]
    unknown = message_of(turns[0])._replace(
        value=b'{"type": "ImportArchived"}', headers=(("ce_type", b"rollcall.ImportArchived"), ("ce_id", b"x"))
    )
    await publisher.publish(LIFECYCLE, [unknown, *map(message_of, turns)])
    return turns[-1].id


@pytest.mark.parametrize("name", examples())
async def test_a_subscriber_deals_with_each_completed_import_once_also_when_it_reads_all_again(
    name: str, kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    example = examples()[name]
    async with open_publisher(KafkaSettings(kafka_bootstrap=kafka, topic_prefix=topic_prefix)) as publisher:
        first, second = await tell(publisher, rows=7), await tell(publisher, rows=3)
    environment = {
        "KAFKA": kafka,
        "TOPIC_PREFIX": topic_prefix,
        "GROUP": f"{topic_prefix}{name}",
        "DONE": str(tmp_path / "done"),
    }
    with running(example, environment) as process:
        said = await asyncio.to_thread(lines, process, {first, second})
    told = {entry["event"]: entry["outcomes"] for entry in said if "again" not in entry}
    assert told[first] == {"added": 2, "created": 2, "unchanged": 3}
    assert told[second] == {"added": 1, "created": 1, "unchanged": 1}
    if example.from_start is None:
        environment["GROUP"] += ".again"
    with running(example, environment, example.from_start or ()) as process:
        said = await asyncio.to_thread(lines, process, {first, second})
    assert all(entry["again"] for entry in said)
