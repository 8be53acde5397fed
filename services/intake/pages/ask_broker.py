"""Questions of pages to the broker: answered within seconds, or the page says that it does not answer."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from aiokafka.errors import KafkaError

from shared.kafka.refused import LACKS_A_RIGHT

log = structlog.get_logger()

T = TypeVar("T")

ANSWER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Why there is no answer."""

    kind: str  # class of the error
    refused: bool  # it does answer, but not to us


async def answered(asking: Awaitable[T], *, seconds: float = ANSWER_SECONDS) -> T | Unanswered:
    """What the broker says, if it does in time."""
    try:
        async with asyncio.timeout(seconds):
            return await asking
    except (KafkaError, OSError) as error:  # TimeoutError is one of the latter
        log.warning("broker.unanswered", error=type(error).__name__)
        return Unanswered(type(error).__name__, refused=isinstance(error, LACKS_A_RIGHT))
