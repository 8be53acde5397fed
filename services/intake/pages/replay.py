"""Putting dead letters back: the question, and the press. One press works in this process and in bounded time; it says how
far it came, and another one goes on from there."""

import structlog
from fastapi import APIRouter, Request, Response

from services.intake.api.access import DepsOf
from services.intake.pages.access import PlatformAdministrator
from services.intake.pages.ask_broker import ANSWER_SECONDS, Unanswered, answered
from services.intake.pages.asked_letters import AskedLetters, asked_letters, offset_of
from services.intake.pages.csrf import CsrfChecked
from services.intake.pages.forms import read_form
from services.intake.pages.letter_view import count_waiting
from services.intake.pages.render import render
from services.intake.users.people import note_action
from shared.kafka.replay import replay_dead_letters

log = structlog.get_logger()

router = APIRouter(prefix="/operations/dead-letters/replay", include_in_schema=False)

PRESS_SECONDS = 10.0  # of work for one press


@router.get("")
async def ask_to_replay(request: Request, deps: DepsOf, _: PlatformAdministrator) -> Response:
    """The question before dead letters go back onto their topic."""
    asked = asked_letters(request.query_params)
    found = await answered(count_waiting(deps.settings, asked))
    if isinstance(found, Unanswered):
        return render(request, "ask_replay.html", status=503, asked=asked, unanswered=found)
    waiting, more = found
    return render(
        request, "ask_replay.html", asked=asked, unanswered=None, waiting=waiting, more=more, seconds=int(PRESS_SECONDS)
    )


@router.post("", dependencies=[CsrfChecked])
async def press_replay(request: Request, deps: DepsOf, user: PlatformAdministrator) -> Response:
    """Put them back. Who pressed is written down first, because a press may be broken off in the middle."""
    form = await read_form(request)
    asked = asked_letters(form)
    first, end = offset_of(form, "first") or 0, offset_of(form, "end")
    await note_action(deps.pool, user.email_key, action="dead_letters.replayed", about=_about(asked))
    replaying = replay_dead_letters(
        deps.settings, asked.topic, wanted=asked.wanted, first=first, end=end, seconds=PRESS_SECONDS
    )
    done = await answered(replaying, seconds=PRESS_SECONDS + ANSWER_SECONDS)
    if isinstance(done, Unanswered):
        return render(request, "replayed.html", status=503, asked=asked, unanswered=done, done=None)
    log.info("dead_letters.replayed", topic=asked.topic.name, letters=done.replayed, cut=done.cut, left=done.left)
    return render(request, "replayed.html", asked=asked, unanswered=None, done=done)


def _about(asked: AskedLetters) -> str:
    return " ".join(f"{name}={value}" for name, value in asked.fields.items())
