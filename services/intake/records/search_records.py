"""Search by the beginnings of words. The rarest word leads through its index; the others are looked for in the values
found. Rows that the index does not hold yet are read in order."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import aiosql
import asyncpg

from services.intake.records.words import LAST_CHARACTER, finds, words_of
from services.intake.users.people import Database

queries = aiosql.from_path(Path(__file__).parents[1] / "sql" / "list_records.sql", "asyncpg")

_OFTEN = 5_000  # a word that occurs so often is likelier met by reading on than sorted out of the index
_READ_ON_ROWS = 5_000  # how far to read on for such a word before the index is asked after all
_CANDIDATES = 2_000  # at a time
_ALL_ROWS = 2**31 - 1


async def search_rows(
    database: Database, of_import: asyncpg.Record, *,
    words: Sequence[str], asked: Mapping[str, Any], after: int, limit: int,
) -> list[int]:  # fmt: skip
    """The next rows after `after` that have all words and what else is asked (parameters of the queries)."""
    times = [
        record["times"]
        async for record in queries.how_often(
            database, import_id=of_import["id"], words=words, word_ends=[_end(word) for word in words], bound=_OFTEN
        )
    ]
    rarest, rarest_times = min(zip(words, times, strict=True), key=lambda pair: pair[1])
    search = _Search(database, {"import_id": of_import["id"], **asked}, words, rarest)
    indexed: int = of_import["searchable_row"]
    read_on = min(after + _READ_ON_ROWS, indexed) if rarest_times >= _OFTEN else after
    rows: list[int] = []
    for walk, start, until in (
        (search.read, after, read_on),
        (search.ask_index, max(after, read_on), indexed),
        (search.read, max(after, indexed), _ALL_ROWS),
    ):
        if start < until:
            async with aclosing(walk(start, until, limit)) as found:
                async for row in found:
                    rows.append(row)
                    if len(rows) == limit:
                        return rows
    return rows


class _Search:
    """One search: what never changes while it goes through parts of the import."""

    def __init__(self, database: Database, asked: dict[str, Any], words: Sequence[str], leading: str) -> None:
        self._database, self._asked, self._words, self._leading = database, asked, words, leading

    async def ask_index(self, after: int, until: int, limit: int) -> AsyncGenerator[int, None]:
        """Matching rows after one row, up to another, by the index of words."""
        some = limit if len(self._words) == 1 else _CANDIDATES
        while True:
            found = [
                (record["row"], record["values"])
                async for record in queries.candidates_by_word(
                    self._database, **self._asked, after=after, until=until, limit=some,
                    word=self._leading, word_end=_end(self._leading),
                )
            ]  # fmt: skip
            for row in self._matching(found):
                yield row
            if len(found) < some:
                return
            after = found[-1][0]

    async def read(self, after: int, until: int, limit: int) -> AsyncGenerator[int, None]:
        """Matching rows after one row, up to another, by reading values."""
        while True:
            found = [
                (record["row"], record["values"])
                async for record in queries.candidates_in_order(
                    self._database, **self._asked, after=after, until=until, limit=_CANDIDATES,
                    pattern=_pattern(self._leading),
                )
            ]  # fmt: skip
            for row in self._matching(found):
                yield row
            if len(found) < _CANDIDATES:
                return
            after = found[-1][0]

    def _matching(self, found: list[tuple[int, str]]) -> list[int]:
        return [row for row, values in found if finds(self._words, words_of(json.loads(values)))]


def _end(word: str) -> str:
    return word + LAST_CHARACTER


def _pattern(word: str) -> str:
    """For LIKE on values in lower case: lets through all that have the word, and not much else. Only plain ASCII is sure to
    stand in JSON as it is."""
    if not word.isascii() or "\\" in word:
        return "%"
    escaped = word.replace("%", "\\%")
    return f"%{escaped}%"
