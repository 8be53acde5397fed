"""Dead letters as pages show them: counts by topic and reason, lines of a list, one with its bytes as text."""

import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from services.intake.pages.asked_letters import AskedLetters, is_code
from shared.kafka.dead_letters import DeadLetter, open_dead_letters
from shared.kafka.newest import letter_at, look
from shared.settings import KafkaSettings
from shared.topics import TOPICS, Topic

PAGE = 25
_LOOK_SECONDS = 2.5  # for all topics together
_CHARACTERS = 20_000  # shown of a value


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """Letters of one topic that died for one reason, among those that were looked at."""

    reason: str  # "": none of ours
    waiting: int
    replayed: int


@dataclass(frozen=True, slots=True)
class TopicCount:
    """What a topic has. `more`: its older letters were not looked at."""

    topic: str
    total: int
    reasons: list[ReasonCount]
    more: bool


@dataclass(frozen=True, slots=True)
class LetterPage:
    """Some letters, newest first, and the offset before which to look on."""

    letters: list[DeadLetter]
    before: int | None


async def count_letters(settings: KafkaSettings) -> list[TopicCount]:
    """All topics that have dead letters."""
    stop_at = time.monotonic() + _LOOK_SECONDS
    counted = []
    async with open_dead_letters(settings, TOPICS) as reader:
        for stock in reader.stocks:
            if stock.end > stock.begin:
                found = await look(reader, stock, keep=0, stop_at=stop_at)
                total = stock.end - stock.begin
                counted.append(TopicCount(stock.topic.name, total, _by_reason(found.counts), found.before is not None))
    return counted


async def find_letters(settings: KafkaSettings, asked: AskedLetters, *, before: int | None) -> LetterPage:
    """The newest that are asked for."""
    stop_at = time.monotonic() + _LOOK_SECONDS
    async with open_dead_letters(settings, [asked.topic]) as reader:
        for stock in reader.stocks:
            found = await look(reader, stock, wanted=asked.wanted, before=before, keep=PAGE, stop_at=stop_at)
            return LetterPage(found.letters, found.before)
    return LetterPage([], None)


async def count_waiting(settings: KafkaSettings, asked: AskedLetters) -> tuple[int, bool]:
    """How many of those that are asked for wait, as far as a look goes, and whether there may be more."""
    stop_at = time.monotonic() + _LOOK_SECONDS
    async with open_dead_letters(settings, [asked.topic]) as reader:
        for stock in reader.stocks:
            found = await look(reader, stock, wanted=asked.wanted, keep=0, stop_at=stop_at)
            waiting = sum(count for (_, replayed), count in found.counts.items() if not replayed)
            return waiting, found.before is not None
    return 0, False


async def find_letter(settings: KafkaSettings, topic: Topic, offset: int) -> DeadLetter | None:
    """One letter."""
    async with open_dead_letters(settings, [topic]) as reader:
        for stock in reader.stocks:
            return await letter_at(reader, stock, offset)
    return None


def died_at(letter: DeadLetter) -> datetime | None:
    """When it died, if it says."""
    return datetime.fromtimestamp(letter.dead_at / 1000, UTC) if letter.dead_at >= 0 else None


def shown_reason(reason: str) -> str:
    """The reason if it can be one of ours; others may write anything, also names."""
    return reason if is_code(reason) else ""


def as_text(content: bytes | None) -> str:
    """The beginning of a value or key, for reading."""
    return (content or b"")[:_CHARACTERS].decode(errors="replace")


def bytes_left(content: bytes | None) -> int:
    """How many bytes come after that."""
    return max(0, len(content or b"") - _CHARACTERS)


def _by_reason(counts: Counter[tuple[str, bool]]) -> list[ReasonCount]:
    reasons = Counter[tuple[str, bool]]()
    for (reason, replayed), count in counts.items():
        reasons[shown_reason(reason), replayed] += count
    return [
        ReasonCount(reason, reasons[reason, False], reasons[reason, True])
        for reason in sorted({reason for reason, _ in reasons})
    ]
