"""How old the oldest records are that a group has not handled: the age of the record at its offset."""

import time
from collections import defaultdict
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.kafka.unpack import one_poll

FETCH_MS = 1000  # for one partition; its records are on their way when it is asked for

Place = tuple[TopicPartition, int]


async def oldest_ages(reader: AIOKafkaConsumer, places: Iterable[Place]) -> dict[Place, float]:
    """Seconds since the first record at or after each offset was written. Places at which none can be read are left out.
    Reads one fetch per partition and offset."""
    offsets: defaultdict[TopicPartition, list[int]] = defaultdict(list)
    for partition, offset in sorted(places):
        offsets[partition].append(offset)
    written: dict[Place, float] = {}
    for turn in range(max(map(len, offsets.values()), default=0)):  # several groups may stand on one partition
        now = [(partition, found[turn]) for partition, found in offsets.items() if len(found) > turn]
        reader.assign([partition for partition, _ in now])
        for partition, offset in now:
            reader.seek(partition, offset)
        for partition, offset in now:
            if (at := await _written_at(reader, partition)) is not None:
                written[partition, offset] = at
    now_at = time.time()
    return {place: max(0.0, now_at - at) for place, at in written.items()}


async def _written_at(reader: AIOKafkaConsumer, partition: TopicPartition) -> float | None:
    """Seconds since 1970."""
    try:
        with one_poll():  # a batch that unpacks without end is not worth knowing its age
            found = await reader.getmany(partition, timeout_ms=FETCH_MS, max_records=1)
    except Exception:  # a record that cannot be unpacked: consumers pass over it and the next one has an age
        return None
    return found[partition][0].timestamp / 1000 if found.get(partition) else None
