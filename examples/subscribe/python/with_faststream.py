"""The same with FastStream: `python with_faststream.py`. To read from the start, use another group."""

import asyncio
import json
import os
from collections import Counter
from pathlib import Path

from done import Done
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage
from rows import rows_of

KAFKA = os.environ.get("KAFKA", "localhost:9092")
PREFIX = os.environ.get("TOPIC_PREFIX", "")
GROUP = os.environ.get("GROUP", "example-faststream")
DONE = Done(Path(os.environ.get("DONE", "done.txt")))

broker = KafkaBroker(KAFKA)


# ACK would commit before the work is done, or after it failed: here a failure brings the same event again.
@broker.subscriber(
    f"{PREFIX}imports.lifecycle", group_id=GROUP, auto_offset_reset="earliest", ack_policy=AckPolicy.NACK_ON_ERROR
)
async def on_lifecycle(message: KafkaMessage) -> None:
    """Do once what there is to do; here: count the rows by outcome. Other types, and those still to come, are passed over."""
    if message.headers["ce_type"] != "rollcall.ImportCompleted":
        return
    event_id, completed = message.headers["ce_id"], json.loads(message.body)
    if event_id in DONE:
        print(json.dumps({"event": event_id, "again": True}), flush=True)
        return
    rows = await rows_of(completed, KAFKA, f"{PREFIX}imports.results")
    outcomes = Counter(result["outcome"] for result in rows.values())
    print(json.dumps({"event": event_id, "file": completed["file_name"], "outcomes": outcomes}), flush=True)
    DONE.add(event_id)


if __name__ == "__main__":
    asyncio.run(FastStream(broker).run())
