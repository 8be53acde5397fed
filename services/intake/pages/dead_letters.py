"""Dead letters for platform administrators: their list, and one of them, masked unless it is asked for as it came."""

import asyncpg
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.intake.api.access import DepsOf
from services.intake.api.errors import not_found
from services.intake.deps import Deps
from services.intake.pages.access import PlatformAdministrator
from services.intake.pages.ask_broker import Unanswered, answered
from services.intake.pages.asked_letters import asked_letters, is_offset, offset_of, topic_named
from services.intake.pages.csrf import CsrfChecked
from services.intake.pages.letter_view import (
    as_text,
    bytes_left,
    died_at,
    find_letter,
    find_letters,
    shown_reason,
)
from services.intake.pages.render import render
from services.intake.users.people import note_action
from shared.kafka.dead_letters import DeadLetter
from shared.kafka.mask import masked
from shared.topics import TOPICS

router = APIRouter(prefix="/operations/dead-letters", include_in_schema=False)


@router.get("")
async def show_dead_letters(request: Request, deps: DepsOf, _: PlatformAdministrator) -> Response:
    """The dead letters of a topic that fit, newest first."""
    given = request.query_params
    if "topic" not in given:
        return RedirectResponse("/operations", 303)
    asked = asked_letters(given)
    found = await answered(find_letters(deps.settings, asked, before=offset_of(given, "before")))
    away = isinstance(found, Unanswered)
    return render(
        request, "dead_letters.html", status=503 if away else 200, asked=asked, topics=TOPICS, died_at=died_at,
        shown_reason=shown_reason, unanswered=found if away else None, found=None if away else found,
    )  # fmt: skip


@router.get("/{topic}/{offset}")
async def show_dead_letter(
    request: Request, deps: DepsOf, _: PlatformAdministrator, topic: str, offset: str
) -> Response:
    """One dead letter; what is personal in it is masked."""
    found = await _find(deps, topic, offset)
    return _page(request, found, reveal=False)


@router.post("/{topic}/{offset}", dependencies=[CsrfChecked])
async def reveal_dead_letter(
    request: Request, deps: DepsOf, user: PlatformAdministrator, topic: str, offset: str
) -> Response:
    """The same as it came; who asked for it is written down first."""
    found = await _find(deps, topic, offset)
    if isinstance(found, DeadLetter):
        await _note(deps.pool, user.email_key, found)
    return _page(request, found, reveal=True)


async def _note(pool: asyncpg.Pool, by: str, letter: DeadLetter) -> None:
    await note_action(pool, by, action="dead_letter.shown", about=f"{letter.topic}.dead offset {letter.offset}")


async def _find(deps: Deps, name: str, offset: str) -> DeadLetter | Unanswered:
    topic = topic_named(name)
    found = await answered(find_letter(deps.settings, topic, int(offset))) if topic and is_offset(offset) else None
    if found is None:
        raise not_found()
    return found


def _page(request: Request, found: DeadLetter | Unanswered, *, reveal: bool) -> Response:
    if isinstance(found, Unanswered):
        return render(request, "dead_letter.html", status=503, unanswered=found)
    headers = [(name, as_text(content)) for name, content in found.headers] if reveal else []
    return render(
        request, "dead_letter.html", letter=found, unanswered=None, reveal=reveal, died_at=died_at,
        reason=shown_reason(found.reason), headers=headers, size_of=len(found.value or b""),
        key=as_text(found.key) if reveal else "", value=as_text(found.value) if reveal else masked(found.value),
        more=bytes_left(found.value) if reveal else 0,
    )  # fmt: skip
