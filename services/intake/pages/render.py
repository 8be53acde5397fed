"""Templates to pages. Gives every template its texts, the addresses of static files, who is signed in, and the ways to write
times, sizes and numbers; scripts rewrite those for the reader's zone and locale."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.intake.pages.csrf import csrf_token
from services.intake.pages.sessions import who
from services.intake.pages.static_files import static_url
from services.intake.pages.texts import shown_size, texts_for
from shared.problems import FIELD_LABELS

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_HEADERS = {"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie"}  # pages show people's data


def render(request: Request, name: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """The template as an answer."""
    texts = texts_for(request.headers.get("accept-language", ""))
    given = {
        "texts": texts, "t": texts.html, "plain": texts.plain, "number": texts.number,
        "size": partial(shown_size, texts=texts), "when": when, "static": static_url,
        "user": who(request), "csrf": csrf_token(request), "field_labels": FIELD_LABELS, "query_pairs": query_pairs,
    }  # fmt: skip
    return HTMLResponse(_environment.get_template(name).render({**given, **context}), status, headers=_HEADERS)


def when(moment: datetime) -> Markup:
    """A time, in UTC until a script writes it in the reader's zone."""
    utc = moment.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"), utc.strftime("%Y-%m-%d %H:%M UTC")
    )


def query_pairs(query: str) -> list[tuple[str, str]]:
    """The fields of a query, to send them by a form instead."""
    return parse_qsl(query.removeprefix("?"))
