"""Reads the results of one import from `imports.results`, as they stand on the topic."""

import json
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer

CLOCKS_MS = 60_000  # how far two machines' clocks may be apart

Json = dict[str, Any]


async def rows_of(completed: Json, kafka: str, topic: str) -> dict[int, Json]:
    """The results of a completed import by row. When ImportCompleted is told all of them are on the topic, so it is enough
    to read from where Run was pressed up to the end as it is now. A row that is there twice says the same twice."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, enable_auto_commit=False)  # no group: all partitions
    await consumer.start()
    try:
        partitions = sorted(consumer.assignment())
        ends = await consumer.end_offsets(partitions)
        since = int(datetime.fromisoformat(completed["started_at"]).timestamp() * 1000) - CLOCKS_MS
        for partition, place in (await consumer.offsets_for_times(dict.fromkeys(partitions, since))).items():
            consumer.seek(partition, place.offset if place else ends[partition])
        rows: dict[int, Json] = {}
        while unread := [p for p in partitions if await consumer.position(p) < ends[p]]:
            for records in (await consumer.getmany(*unread, timeout_ms=1000)).values():
                results = (json.loads(record.value) for record in records)
                rows |= {result["row"]: result for result in results if result["import_id"] == completed["import_id"]}
        return rows
    finally:
        await consumer.stop()
