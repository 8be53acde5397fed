"""Turns as the next version could tell them: in words that the last release refuses and we pass over."""

import asyncio
import json
import uuid
from pathlib import Path

from services.intake.lifecycle import message_of
from shared.events import Codec, ImportChanged
from shared.kafka.dead_letters import DeadLetter, read_dead_letters
from shared.kafka.publish import open_publisher
from shared.settings import KafkaSettings
from shared.topics import LIFECYCLE, TOPICS
from tests.chaos.asking import Asked

EXAMPLE = Path(__file__).parents[1] / "contract" / "golden" / "ImportChanged.json"


async def tell_in_newer_words(kafka: str, one: Asked, **words: str) -> str:
    """Tell a turn of the import; returns its id."""
    turn = json.loads(EXAMPLE.read_bytes()) | {
        "id": str(uuid.uuid4()), "import_id": one.id, "experience_id": one.experience, **words
    }  # fmt: skip
    async with open_publisher(KafkaSettings(kafka_bootstrap=kafka)) as publisher:
        await publisher.publish(LIFECYCLE, [message_of(Codec(ImportChanged).decode(json.dumps(turn).encode()))])
    return str(turn["id"])


async def dead_letters(kafka: str, at_least: int = 0) -> list[DeadLetter]:
    """All there are, once there are so many."""
    settings = KafkaSettings(kafka_bootstrap=kafka)
    while True:
        found = [letter for topic in TOPICS async for letter in read_dead_letters(settings, topic)]
        if len(found) >= at_least:
            return found
        await asyncio.sleep(0.3)
