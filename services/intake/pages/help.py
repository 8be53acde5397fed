"""The guide, and the page that welcome mails lead to: for everybody, signed in or not."""

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from fastapi import APIRouter, Request, Response
from markdown_it import MarkdownIt
from markupsafe import Markup

from services.intake.api.access import DepsOf
from services.intake.pages.render import render
from services.intake.pages.sessions import find_session
from services.intake.pages.texts import FALLBACK, texts_for

GUIDES = Path(__file__).parent / "guide"
_PICTURE = re.compile(r"^!\[.*\n", re.MULTILINE)  # they are for the document; here the pages themselves are near

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Guide:
    """The guide as a page, and its headings as (id, text)."""

    html: Markup
    headings: tuple[tuple[str, str], ...]


@router.get("/help")
async def show_guide(request: Request) -> Response:
    """How to import, from the file to the last corrected row."""
    await find_session(request)
    language = texts_for(request.headers.get("accept-language", "")).language
    return render(request, "guide.html", guide=guide(language))


@router.get("/welcome")
async def show_welcome(request: Request, deps: DepsOf) -> Response:
    """Next steps for a new account's owner. The address has ids only; nothing is looked up by them, so nothing leaks."""
    await find_session(request)
    return render(request, "welcome.html", platform_url=deps.settings.platform_url)


@cache
def guide(language: str) -> Guide:
    """The guide in this language, or the one that there always is."""
    file = GUIDES / f"{language}.md"
    text = (file if file.exists() else GUIDES / f"{FALLBACK}.md").read_text("utf-8")
    markdown = MarkdownIt("commonmark").enable("table")
    tokens = markdown.parse(_PICTURE.sub("", text))
    headings = []
    for opening, inside in pairwise(tokens):
        if opening.type == "heading_open" and opening.tag == "h2":
            anchor = re.sub(r"\W+", "-", inside.content.lower()).strip("-")
            opening.attrSet("id", anchor)
            headings.append((anchor, inside.content))
    html = str(markdown.renderer.render(tokens, markdown.options, {}))
    framed = html.replace("<table>", '<div class="guide-frame" tabindex="0"><table>').replace(
        "</table>", "</table></div>"
    )
    return Guide(Markup(framed), tuple(headings))  # noqa: S704 - the guide is ours
