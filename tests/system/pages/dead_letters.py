"""Makes a dead letter in a running stack, as any other writer on its topics would."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

TOPIC = "imports.emails"
RUBBISH = b"ada.lovelace@example.org is no event"


def make_dead_letter(kafka: str) -> int:
    """Write what nobody can read; answers the offset of its dead letter. In a thread, because Playwright keeps this one's
    event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(_make(kafka))).result()


async def _make(kafka: str) -> int:
    dead = TopicPartition(f"{TOPIC}.dead", 0)
    async with (
        AIOKafkaConsumer(bootstrap_servers=kafka) as reader,
        AIOKafkaProducer(bootstrap_servers=kafka) as producer,
    ):
        before = (await reader.end_offsets([dead]))[dead]
        await producer.send_and_wait(TOPIC, RUBBISH)
        async with asyncio.timeout(60):
            while (end := (await reader.end_offsets([dead]))[dead]) == before:
                await asyncio.sleep(0.1)
    return int(end) - 1
