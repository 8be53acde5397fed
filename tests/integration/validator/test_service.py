"""The validator as a process of its own, on a real broker and database."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from shared.events import encode
from shared.kafka.publish import Message, Publisher, open_publisher
from shared.settings import KafkaSettings
from shared.topics import CHECKS, RESULTS, ROWS, Topic
from tests.stack.service_process import ServiceProcess, read_topic, service_process
from tests.unit.validator.builders import EXPERIENCE, provisioned, rows_read


class Stage:
    """The service as a process, and the topics around it."""

    def __init__(self, process: ServiceProcess, publisher: Publisher) -> None:
        self.process, self._publisher = process, publisher

    async def publish(self, topic: Topic, events: list[Any]) -> None:
        await self._publisher.publish(topic, [Message(event.email_key.encode(), encode(event)) for event in events])

    async def publish_bytes(self, topic: Topic, value: bytes) -> None:
        await self._publisher.publish(topic, [Message(b"ada@example.org", value)])

    async def read(self, topic: Topic, count: int) -> list[ConsumerRecord]:
        """So many records of a topic, from its beginning."""
        environment = self.process.environment
        name = environment["ROLLCALL_TOPIC_PREFIX"] + topic.name
        return await read_topic(environment["ROLLCALL_KAFKA_BOOTSTRAP"], name, count)


@pytest.fixture
async def stage(database: Callable[[str], Any], kafka: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Stage]:
    environment = {
        "ROLLCALL_KAFKA_BOOTSTRAP": kafka, "ROLLCALL_TOPIC_PREFIX": topic_prefix,
        "ROLLCALL_DATABASE_URL": await database("validator"),
    }  # fmt: skip
    async with (
        open_publisher(KafkaSettings(kafka_bootstrap=kafka, topic_prefix=topic_prefix)) as publisher,
        service_process("validator", environment, tmp_path / "validator.log") as process,
    ):
        yield Stage(process, publisher)


def by_row(records: list[ConsumerRecord]) -> dict[int, dict[str, Any]]:
    return {event["row"]: event for event in (json.loads(record.value) for record in records)}


async def test_rows_become_records_on_the_same_partition_with_the_same_key(stage: Stage) -> None:
    await stage.publish(ROWS, rows_read(*(f"person{number}@example.org" for number in range(50)), "broken", ""))
    rows, checks = await stage.read(ROWS, 52), await stage.read(CHECKS, 52)
    assert {(r.key, r.partition) for r in checks} == {(r.key, r.partition) for r in rows}
    records = by_row(checks)
    assert [records[row]["status"] for row in (2, 51, 52, 53)] == ["ready", "ready", "error", "error"]
    assert await stage.process.stop() == 0


async def test_duplicates_are_found_by_a_validator_that_was_killed_and_started_again(stage: Stage) -> None:
    await stage.publish(ROWS, rows_read("ada@example.org"))
    await stage.read(CHECKS, 1)
    await stage.process.stop(signal.SIGKILL)
    await stage.publish(ROWS, rows_read("Ada@Example.org", "bob@example.org", first_row=3))
    await stage.process.start()
    count = 3
    while set(records := by_row(await stage.read(CHECKS, count))) != {2, 3, 4}:
        count += 1  # what was killed before it committed comes again
    (duplicate,) = records[3]["problems"]
    assert (duplicate["code"], duplicate["params"]) == ("email.duplicate", {"row": "2"})
    assert records[4]["problems"] == []


async def test_what_nobody_can_read_is_a_dead_letter_and_its_neighbours_are_answered(stage: Stage) -> None:
    await stage.publish(ROWS, rows_read("ada@example.org"))
    await stage.publish_bytes(ROWS, b'{"row": "no')
    await stage.publish_bytes(ROWS, encode(rows_read("ada@example.org", first_row=-5)[0]))
    await stage.publish(ROWS, rows_read("ada@example.org", first_row=3))
    assert set(by_row(await stage.read(CHECKS, 2))) == {2, 3}
    dead = await stage.read(ROWS.dead, 2)
    assert sorted(dict(letter.headers)["reason"] for letter in dead) == [b"event.not_json", b"row.bad_number"]


async def test_plans_follow_the_results_of_earlier_runs(stage: Stage) -> None:
    """Results and rows are different topics: asked again until the results have arrived, as intake's next import would be."""
    await stage.publish(RESULTS, [provisioned("ada@example.org")])
    rows = rows_read("ada@example.org", experience_id=EXPERIENCE)
    for turn in range(1, 100):
        await stage.publish(ROWS, rows)
        plan = json.loads((await stage.read(CHECKS, turn))[-1].value)["plan"]
        if plan == "nothing":
            return
        await asyncio.sleep(0.1)
    pytest.fail("the result was not learned")
