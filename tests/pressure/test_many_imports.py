"""Twenty imports at once, and a consumer that stands still: all end right, a small one is not starved, memory is bounded."""

import asyncio
import signal
import time
import uuid

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.topics import ROWS
from tests.pressure.four import WINDOW, Four
from tests.system.outside import Outside, adds_up, people, table, until

IMPORTS = 20
ROWS_EACH = 1_500
MEGABYTES = (
    250.0  # more than any service has at any time; twenty imports at once would be far over it if they were kept
)


def test_twenty_imports_at_once_end_right_beside_a_small_one(four: Four, outside: Outside) -> None:
    tag = f"t{uuid.uuid4().hex[:6]}"
    experiences = [outside.experience(f"Twenty {tag} {number}") for number in range(4)]
    before = four.memory()
    # Two imports each have the same people; half of these pairs are in one experience, the others in two.
    places = [experiences[number // 2 % 2 if number // 2 % 4 < 2 else 2 + number % 2] for number in range(IMPORTS)]
    four.services["validator"].send(signal.SIGSTOP)  # so that all are there before any is done
    try:
        uploads = [
            outside.upload(place, table(people(ROWS_EACH, f"{tag}{number // 2}")), emails="none", run="when-clean")
            for number, place in enumerate(places)
        ]
        small = outside.upload(experiences[0], table(people(10, f"{tag}small")), emails="none", run="when-clean")
    finally:
        four.services["validator"].send(signal.SIGCONT)
    small_done = outside.wait(small["id"], "finished", seconds=120)
    done = [outside.wait(accepted["id"], "finished", seconds=240) for accepted in uploads]
    after = four.memory()

    assert small_done["counts"]["created"] == 10
    assert sum(found["finished_at"] > small_done["finished_at"] for found in done) >= IMPORTS // 2
    assert all(adds_up(found) and found["progress"]["rows"] == ROWS_EACH for found in done)
    pairs = list(zip(done[::2], done[1::2], strict=True))
    assert all(a["counts"]["created"] + b["counts"]["created"] == ROWS_EACH for a, b in pairs)
    same = [a["experience_id"] == b["experience_id"] for a, b in pairs]
    rest = [[a["counts"][name] + b["counts"][name] for name in ("added", "unchanged")] for a, b in pairs]
    assert rest == [[0, ROWS_EACH] if is_same else [ROWS_EACH, 0] for is_same in same]
    assert set(same) == {True, False}
    assert max(after.values()) < MEGABYTES, (before, after)


def test_a_consumer_that_stands_still_holds_reading_back_and_nobody_else(four: Four, outside: Outside) -> None:
    tag = f"v{uuid.uuid4().hex[:8]}"
    experience = outside.experience(f"Still {tag}")
    ready = outside.prepared(experience, table(people(500, tag)), emails="none")
    before = on_rows_topic(four)
    four.services["validator"].send(signal.SIGSTOP)
    try:
        large = outside.upload(experience, table(people(5_000, f"{tag}large")), emails="none")
        assert outside.run(ready["id"])["counts"]["created"] == 500

        def at_rest() -> int:
            published = on_rows_topic(four) - before
            return published if outside.import_(large["id"])["progress"]["rows"] == published else 0

        until(at_rest, seconds=120, what="rows to be under way")
        time.sleep(3)  # it would have published them all by now
        assert until(at_rest, seconds=120, what="reading to stand still") <= int(WINDOW)
    finally:
        four.services["validator"].send(signal.SIGCONT)
    assert outside.wait(large["id"], "ready")["counts"]["create"] == 5_000


def on_rows_topic(four: Four) -> int:
    """How many rows were ever published."""
    topic = four.topic_prefix + ROWS.name

    async def ends() -> int:
        consumer = AIOKafkaConsumer(bootstrap_servers=four.kafka)
        await consumer.start()
        try:
            partitions = [TopicPartition(topic, number) for number in range(ROWS.partitions)]
            return sum((await consumer.end_offsets(partitions)).values())
        finally:
            await consumer.stop()

    return asyncio.run(ends())
