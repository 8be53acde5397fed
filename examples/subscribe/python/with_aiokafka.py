"""Says of each completed import what became of its rows: `python with_aiokafka.py [--from-start]`."""

import asyncio
import json
import os
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from done import Done
from rows import rows_of

KAFKA = os.environ.get("KAFKA", "localhost:9092")
PREFIX = os.environ.get("TOPIC_PREFIX", "")
GROUP = os.environ.get("GROUP", "example-aiokafka")
DONE = Done(Path(os.environ.get("DONE", "done.txt")))


class FromStart(ConsumerRebalanceListener):
    """All that the topic still holds, once more, whenever partitions are given to us."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:  # noqa: D102 - aiokafka calls it
        await self._consumer.seek_to_beginning(*assigned)

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: D102 - aiokafka calls it
        pass


async def main(from_start: bool) -> None:
    """Follow the turns of all imports, for ever."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=KAFKA, group_id=GROUP, auto_offset_reset="earliest", enable_auto_commit=False
    )
    consumer.subscribe([f"{PREFIX}imports.lifecycle"], listener=FromStart(consumer) if from_start else None)
    await consumer.start()
    try:
        async for record in consumer:
            headers = {name: value.decode() for name, value in record.headers}
            if (
                headers["ce_type"] == "rollcall.ImportCompleted"
            ):  # other types, and those still to come, are passed over
                await on_import_completed(headers["ce_id"], json.loads(record.value))
            await consumer.commit()  # after the work: a crash brings the event again
    finally:
        await consumer.stop()


async def on_import_completed(event_id: str, completed: dict) -> None:
    """Do once what there is to do; here: count the rows by outcome."""
    if event_id in DONE:
        print(json.dumps({"event": event_id, "again": True}), flush=True)
        return
    rows = await rows_of(completed, KAFKA, f"{PREFIX}imports.results")
    outcomes = Counter(result["outcome"] for result in rows.values())
    print(json.dumps({"event": event_id, "file": completed["file_name"], "outcomes": outcomes}), flush=True)
    DONE.add(event_id)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main("--from-start" in sys.argv[1:]))
