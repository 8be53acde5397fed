"""How far the services are behind and what they could not read, for platform administrators."""

import asyncio

from fastapi import APIRouter, Request, Response

from services.intake.api.access import DepsOf
from services.intake.pages.access import PlatformAdministrator
from services.intake.pages.ask_broker import Unanswered, answered
from services.intake.pages.letter_view import count_letters
from services.intake.pages.render import render
from shared.clock import now
from shared.kafka.lag import by_group, read_lag
from shared.topics import TOPICS

router = APIRouter(include_in_schema=False)

_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))


@router.get("/operations")
async def show_operations(request: Request, deps: DepsOf, _: PlatformAdministrator) -> Response:
    """Lag and dead letters, as the broker knows them now."""
    lags, letters = await asyncio.gather(answered(read_lag(deps.settings)), answered(count_letters(deps.settings)))
    unanswered = next((part for part in (lags, letters) if isinstance(part, Unanswered)), None)
    return render(
        request, "operations.html", unanswered=unanswered, topics=TOPICS, age=age, looked_at=now(),
        lags=None if isinstance(lags, Unanswered) else by_group(lags),
        letters=None if isinstance(letters, Unanswered) else letters,
    )  # fmt: skip


def age(seconds: float) -> tuple[str, int]:
    """Unit and number, as people say it."""
    return next(((unit, int(seconds // size)) for unit, size in _UNITS if seconds >= size), ("seconds", 0))
