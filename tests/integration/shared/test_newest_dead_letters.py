"""Looking at dead letters of which there are too many, and putting them back bit by bit."""

import time

from shared.kafka.dead_letters import ALL, DeadLetterReader, Stock, Wanted, open_dead_letters
from shared.kafka.message import Message, Origin, dead_letter
from shared.kafka.newest import MOST, Look, letter_at, look
from shared.kafka.publish import Publisher
from shared.kafka.replay import replay_dead_letters
from shared.settings import ServiceSettings
from shared.topics import ROWS, TOPICS

LATER = float("inf")


def letters(count: int, reason: str = "event.empty") -> list[Message]:
    return [dead_letter(Origin(ROWS.name), reason, b"k", b"%d" % number) for number in range(count)]


async def looked(settings: ServiceSettings, *, wanted: Wanted = ALL, before: int | None = None, keep: int) -> Look:
    async with open_dead_letters(settings, TOPICS) as reader:
        return await look(reader, only(reader), wanted=wanted, before=before, keep=keep, stop_at=time.monotonic() + 60)


def only(reader: DeadLetterReader) -> Stock:
    (stock,) = reader.stocks  # the other topics are not there
    return stock


async def test_the_newest_come_first_page_by_page(settings: ServiceSettings, publisher: Publisher) -> None:
    await publisher.publish(ROWS.dead, letters(60))
    seen: list[int] = []
    before: int | None = None
    while True:
        found = await looked(settings, keep=25, before=before)
        seen += [int(letter.value or b"") for letter in found.letters]
        before = found.before
        if before is None:
            break
    assert seen == list(range(59, -1, -1))


async def test_however_many_there_are_a_look_ends_and_says_where(
    settings: ServiceSettings, publisher: Publisher
) -> None:
    await publisher.publish(ROWS.dead, letters(500, "event.old") + letters(MOST + 400))
    counted = await looked(settings, keep=0)
    assert counted.letters == []
    assert counted.before is not None
    assert MOST <= counted.counts["event.empty", False] < MOST + 200
    old = Wanted(reason="event.old")
    first = await looked(settings, wanted=old, keep=25)
    assert (first.letters, first.before) == ([], counted.before)
    onward = await looked(settings, wanted=old, keep=25, before=first.before)
    assert len(onward.letters) == 25


async def test_a_time_is_found_without_reading_what_is_newer(settings: ServiceSettings, publisher: Publisher) -> None:
    past = int(time.time() * 1000) - 3_600_000
    await publisher.publish(ROWS.dead, letters(10))
    assert (await looked(settings, wanted=Wanted(until=past), keep=25)).letters == []
    assert len((await looked(settings, wanted=Wanted(since=past), keep=25)).letters) == 10


async def test_one_letter_is_found_by_its_offset(settings: ServiceSettings, publisher: Publisher) -> None:
    await publisher.publish(ROWS.dead, letters(3))
    async with open_dead_letters(settings, TOPICS) as reader:
        found = [await letter_at(reader, only(reader), offset) for offset in (0, 2, 3, 2**62)]
    assert [letter.value if letter else None for letter in found] == [b"0", b"2", None, None]


async def test_a_replay_that_has_no_time_left_says_where_to_go_on(
    settings: ServiceSettings, publisher: Publisher
) -> None:
    for _ in range(5):
        await publisher.publish(ROWS.dead, letters(500))
    since = Wanted(since=0)  # a time, so that nothing is remembered
    done, first, end, presses = 0, 0, None, 0
    while True:
        part = await replay_dead_letters(settings, ROWS, wanted=since, first=first, end=end, seconds=0)
        done, presses = done + part.replayed, presses + 1
        if part.left is None:
            break
        first, end = part.left, part.end
    assert (done, presses > 1) == (2500, True)
