"""Reads a partition as the broker has it, and unpacks it with bounds: for readers that must pass over what aiokafka's
consumer fails at for ever."""

import asyncio
from collections.abc import AsyncIterator

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, LeaderNotAvailableError, for_code
from aiokafka.protocol.fetch import FetchRequest

from shared.kafka.unpack import unpack

_FETCH_BYTES = 1024 * 1024  # of one partition; a batch that is larger comes whole
_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6)  # seconds, while a partition has no leader


async def fetch(client: AIOKafkaClient, partition: TopicPartition, offset: int) -> bytes:
    """What the broker has of a partition from the batch with this offset on, in its own form."""
    node = client.cluster.leader_for_partition(partition)
    if node is None or node < 0:
        raise LeaderNotAvailableError
    wanted = [(partition.topic, [(partition.partition, offset, _FETCH_BYTES)])]
    answer = await client.send(node, FetchRequest(0, 0, _FETCH_BYTES, 0, wanted))
    ((_, ((_, code, *_, data),)),) = answer.topics
    if code:
        raise for_code(code)
    return bytes(data or b"")


async def read_batches(
    client: AIOKafkaClient, partition: TopicPartition, start: int, end: int
) -> AsyncIterator[list[ConsumerRecord]]:
    """The records from offset `start` to before `end`, batch by batch. What cannot be unpacked is an UnreadableRecord."""
    position = start
    while position < end:
        data = await _fetch_patiently(client, partition, position)
        for records, after in unpack(data, partition, position, last_try=True):
            yield [record for record in records if record.offset < end]
            position = after
            await asyncio.sleep(0)  # one batch may take a while, and others live in this process


async def _fetch_patiently(client: AIOKafkaClient, partition: TopicPartition, offset: int) -> bytes:
    for pause in _PAUSES:
        try:
            if data := await fetch(client, partition, offset):
                return data
        except KafkaError as error:
            if not error.retriable:
                raise
            await client.force_metadata_update()
        await asyncio.sleep(pause)
    raise LeaderNotAvailableError
