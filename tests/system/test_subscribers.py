"""Other systems hear of an import by its lifecycle events: CloudEvents headers, in order, each turn once."""

import json
import uuid
from typing import Any

from aiokafka import AIOKafkaConsumer

from .outside import Outside, people, table


async def test_a_subscriber_hears_each_turn_once_and_in_order(running_stack: dict[str, Any]) -> None:
    outside = Outside(running_stack)
    tag = f"s{uuid.uuid4().hex[:8]}"
    finished = outside.run(outside.prepared(outside.experience(f"Heard {tag}"), table(people(3, tag)))["id"])
    consumer = AIOKafkaConsumer(
        "imports.lifecycle",
        bootstrap_servers=running_stack["kafka"],
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        turns: list[Any] = []
        while not turns or turns[-1]["type"] != "ImportCompleted":
            record = await consumer.getone()
            if record.key == finished["id"].encode():
                headers = dict(record.headers)
                event = json.loads(record.value)
                assert headers["ce_id"].decode() == event["id"]
                assert headers["ce_type"].decode().endswith(event["type"])
                assert headers["ce_specversion"] == b"1.0"
                turns.append(event)
    finally:
        await consumer.stop()
    assert [turn["type"] for turn in turns] == ["ImportSubmitted", "ImportReady", "ImportStarted", "ImportCompleted"]
    assert turns[-1]["counts"]["created"] == 3
