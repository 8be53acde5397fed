"""What the broker knows of a consumer group."""

import asyncio

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, GroupLoadInProgressError
from aiokafka.structs import OffsetAndMetadata

_PAUSES = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4)  # seconds


async def coordinator_of(admin: AIOKafkaAdminClient, group: str) -> int:
    """The broker that knows the group. A cluster that never had a group makes the topic for them when it is first asked."""
    for pause in _PAUSES:
        try:
            return int(await admin.find_coordinator(group))
        except GroupCoordinatorNotAvailableError:
            await asyncio.sleep(pause)
    return int(await admin.find_coordinator(group))


async def committed_of(
    admin: AIOKafkaAdminClient, group: str, coordinator: int, partitions: list[TopicPartition]
) -> dict[TopicPartition, OffsetAndMetadata]:
    """What the group has committed on these partitions, where it has. The client passes over an error of the whole group, as
    when its coordinator has just started and still reads: then partitions that were asked for are not in the answer."""
    if not partitions:
        return {}
    for pause in (*_PAUSES, 0.0):
        # Without the list it may raise.
        offsets = await admin.list_consumer_group_offsets(group, coordinator, partitions)
        if len(offsets) == len(partitions):
            return {partition: stored for partition, stored in offsets.items() if stored.offset >= 0}
        await asyncio.sleep(pause)
    raise GroupLoadInProgressError(group)
