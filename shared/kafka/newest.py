"""Looks at the newest dead letters of a topic, in bounded time and memory however many there are."""

import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

from shared.kafka.dead_letters import ALL, DeadLetter, DeadLetterReader, Stock, Wanted

MOST = 2_000  # letters that one look may read
_FIRST_STEP, _LARGEST_STEP = 25, 200  # letters at once; small steps first, because a letter may have a megabyte
_SLACK_MS = 5 * 60 * 1000  # between the time when a letter died and the one the broker knows it by


@dataclass(frozen=True, slots=True)
class Look:
    """What there was to see. `before`: from there on down nobody has looked; None: all was looked at."""

    letters: list[DeadLetter]  # newest first
    counts: Counter[tuple[str, bool]]  # by reason and whether they were put back
    before: int | None


async def look(
    reader: DeadLetterReader, stock: Stock, *, wanted: Wanted = ALL, before: int | None = None, keep: int, stop_at: float
) -> Look:  # fmt: skip
    """The newest letters before offset `before`; ends when `keep` are found. With 0, all are counted and none is kept.
    `stop_at` is a moment of time.monotonic()."""
    found = Look([], Counter(), None)
    low, high = await _bounds(reader, stock, wanted)
    async for letters, down_to in _steps(reader, stock, low, min(high, before or high), stop_at):
        for letter in letters:
            if not wanted.fits(letter):
                continue
            found.counts[letter.reason, letter.replayed] += 1
            if keep:
                found.letters.append(letter)
            if keep and len(found.letters) == keep:
                return Look(found.letters, found.counts, _left(letter.offset, low))
        found = Look(found.letters, found.counts, _left(down_to, low))
    return found


async def letter_at(reader: DeadLetterReader, stock: Stock, offset: int) -> DeadLetter | None:
    """The letter at this offset, if it is there."""
    async for letters in reader.batches(stock, offset, offset + 1):
        for letter in letters:
            return letter
    return None


def _left(offset: int, low: int) -> int | None:
    return offset if offset > low else None


async def _steps(
    reader: DeadLetterReader, stock: Stock, low: int, high: int, stop_at: float
) -> AsyncIterator[tuple[list[DeadLetter], int]]:
    """Letters newest first, and the offset of the oldest that was read; at least one step."""
    step, seen = _FIRST_STEP, 0
    while high > low and seen < MOST:
        down_to = max(low, high - step)
        letters = [letter async for some in reader.batches(stock, down_to, high) for letter in some]
        yield letters[::-1], down_to
        if time.monotonic() > stop_at:
            return
        seen += high - down_to
        high, step = down_to, min(2 * step, _LARGEST_STEP)


async def _bounds(reader: DeadLetterReader, stock: Stock, wanted: Wanted) -> tuple[int, int]:
    """Between which offsets letters of the wanted time are: the broker finds times without reading."""
    low, high = stock.begin, stock.end
    if wanted.since > ALL.since:
        low = max(low, await _offset_at(reader, stock, wanted.since - _SLACK_MS))
    if wanted.until < ALL.until:
        high = min(high, await _offset_at(reader, stock, wanted.until + _SLACK_MS))
    return low, high


async def _offset_at(reader: DeadLetterReader, stock: Stock, milliseconds: int) -> int:
    found = await reader.consumer.offsets_for_times({stock.partition: max(0, milliseconds)})
    at = found[stock.partition]
    return stock.end if at is None else int(at.offset)
