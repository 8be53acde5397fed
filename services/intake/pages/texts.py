"""The words of the pages, from one catalogue per language: `texts/<language>.toml`. A second language is one more file.
Whole numbers in sentences are marked as data, so that the browser can write them as its reader does."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

FOLDER = Path(__file__).parent / "texts"
FALLBACK = "en"


class Texts:
    """One language's sentences. A key is `section.name`; a sentence that depends on a number is `one` and `other`, and is
    chosen by the parameter `count`."""

    def __init__(self, language: str, sections: Mapping[str, Any]) -> None:
        self.language = language
        self._thousands: str = sections["language"]["thousands"]
        self._sentences: dict[str, Any] = {
            f"{section}.{name}": sentence for section, names in sections.items() for name, sentence in names.items()
        }

    def html(self, key: str, **params: Any) -> Markup:
        """The sentence for a page: the catalogue's own markup stays, parameters are escaped."""
        shown = {name: self.number(value) if _is_number(value) else value for name, value in params.items()}
        return Markup(self._sentence(key, params)).format(**shown)  # noqa: S704 - the catalogue is ours

    def plain(self, key: str, **params: Any) -> str:
        """The sentence without markup, for attributes and titles."""
        shown = {name: self._digits(value) if _is_number(value) else value for name, value in params.items()}
        return self._sentence(key, params).format(**shown)

    def number(self, value: int) -> Markup:
        """A whole number as this language writes it; the browser may do better by `data-number`."""
        return Markup('<data data-number value="{}">{}</data>').format(value, self._digits(value))

    def has(self, key: str) -> bool:
        """Is there such a sentence?"""
        return key in self._sentences

    def raw(self, key: str) -> Any:
        """The sentence as it stands in the catalogue, for scripts."""
        return self._sentences[key]

    def section(self, name: str) -> dict[str, Any]:
        """All sentences of a section, for scripts."""
        start = f"{name}."
        return {key.removeprefix(start): text for key, text in self._sentences.items() if key.startswith(start)}

    def _sentence(self, key: str, params: Mapping[str, Any]) -> str:
        sentence = self._sentences[key]
        if isinstance(sentence, dict):
            sentence = sentence["one" if params.get("count") == 1 and "one" in sentence else "other"]
        return str(sentence)

    def _digits(self, value: int) -> str:
        return f"{value:,}".replace(",", self._thousands)


@cache
def catalogue() -> dict[str, Texts]:
    """Every language there is a file for."""
    return {
        file.stem: Texts(file.stem, tomllib.loads(file.read_text("utf-8"))) for file in sorted(FOLDER.glob("*.toml"))
    }


def texts_for(accept_language: str) -> Texts:
    """The language that the browser asks for first among those we have."""
    for language in _preferred(accept_language):
        if language in catalogue():
            return catalogue()[language]
    return catalogue()[FALLBACK]


def _preferred(accept_language: str) -> list[str]:
    weighted = []
    for part in accept_language.lower().split(",")[:20]:
        name, _, weight = part.partition(";q=")
        try:
            weighted.append((-float(weight or 1), name.strip().partition("-")[0]))
        except ValueError:
            continue
    return [name for _, name in sorted(weighted, key=lambda pair: pair[0])]


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def shown_size(size: int, texts: Texts) -> Markup:
    """A number of bytes as people write it."""
    for unit, factor in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= factor:
            return escape(f"{size / factor:.1f}".removesuffix(".0") + f"\u00a0{unit}")
    return texts.html("layout.bytes", count=size)
