"""What is taken back from a compacted topic is no event and no dead letter."""

from typing import Any

from shared.events import DirectoryChanged, encode
from shared.kafka.admin import apply_topics
from shared.kafka.broker import open_broker
from shared.kafka.consume import Batch, Subscription
from shared.kafka.dead_letters import read_dead_letters
from shared.kafka.publish import Message, Publisher
from shared.settings import ServiceSettings
from shared.topics import DIRECTORY

from .conftest import until


async def test_a_tombstone_is_passed_over(settings: ServiceSettings, publisher: Publisher) -> None:
    await apply_topics(settings, (DIRECTORY, DIRECTORY.dead))
    seen: list[str] = []

    async def handle(batch: Batch[DirectoryChanged], deps: None) -> None:
        seen.extend(event.email_key for event in batch.events)

    def fact(key: str) -> Message:
        event = DirectoryChanged(email_key=key, present=True, at="2026-01-01T00:00:00+00:00", account_id=1)
        return Message(key.encode(), encode(event), 0)

    await publisher.publish(DIRECTORY, [fact("ada"), Message(b"ada", None, 0), fact("bob"), Message(b"bob", None, 0)])
    await publisher.publish(DIRECTORY, [Message(b"cyd", None, 0)])
    await publisher.publish(DIRECTORY, [fact("dan")])
    subscription: Subscription[Any, None] = Subscription(topic=DIRECTORY, handler=handle)
    broker = open_broker("validator", [subscription], None, settings=settings, dead_letters=publisher)
    await broker.start()
    try:
        await until(lambda: len(seen) >= 3)
    finally:
        await broker.stop()
    assert seen == ["ada", "bob", "dan"]
    assert [letter async for letter in read_dead_letters(settings, DIRECTORY)] == []
