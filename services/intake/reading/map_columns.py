"""From a header row to columns: which field each header was taken for, and what is missing or there twice."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from services.intake.import_types import ColumnRule, ImportType
from services.intake.reading.source_rows import Column
from shared.events import Problem
from shared.problems import problem

SHOWN_HEADERS = 20  # in a sentence
SHOWN_CHARACTERS = 40  # of one header, in a sentence

RESULT_HEADERS = ("row", "status", "code", "message")  # what our records.csv adds to the original columns

_NOTE = re.compile(r"[(\[]\s*(required|optional)\s*[)\]]")  # as in the templates of other programs
_NOT_LETTERS = re.compile(r"[\W_]+")


def header_key(header: str) -> str:
    """What two headers have in common when they say the same: letters and digits, without case, accents and width.
    Spaces, line breaks, byte order marks, invisible characters, hyphens, underscores and a “(required)” do not count."""
    return _NOT_LETTERS.sub("", _NOTE.sub("", unicodedata.normalize("NFKD", header).casefold()))


@lru_cache(maxsize=16)
def fields_by_header(import_type: ImportType) -> dict[str, str]:
    """The field that each known header key stands for."""
    return {header_key(name): rule.field for rule in import_type.columns for name in (rule.header, *rule.aliases)}


def map_columns(import_type: ImportType, headers: Sequence[str]) -> tuple[Column, ...]:
    """Each header with the field it is taken for. The columns that our result files add are ignored."""
    fields = fields_by_header(import_type)
    added = added_columns(headers).values()
    return tuple(
        Column(header, None if index in added else fields.get(header_key(header)), index)
        for index, header in enumerate(headers)
    )


def header_problems(import_type: ImportType, columns: Sequence[Column]) -> list[Problem]:
    """Why a file with these columns cannot be read as this type; none when it can."""
    found = [(rule, [column for column in columns if column.field == rule.field]) for rule in import_type.columns]
    return [
        *(_missing(rule, columns) for rule, taken in found if rule.required and not taken),
        *(_duplicate(rule, taken) for rule, taken in found if len(taken) > 1),
    ]


def is_result_file(headers: Iterable[str]) -> bool:
    """Is this the header of our own records.csv, perhaps corrected by a person?"""
    return {header.strip() for header in headers}.issuperset(RESULT_HEADERS)


def added_columns(headers: Sequence[str]) -> dict[str, int]:
    """Where the columns stand that our result file added; none, if it is none of ours. The last ones count: the original may
    have had a `row` of its own."""
    if not is_result_file(headers):
        return {}
    last = {header.strip(): index for index, header in enumerate(headers)}
    return {name: last[name] for name in RESULT_HEADERS}


def _missing(rule: ColumnRule, columns: Sequence[Column]) -> Problem:
    return problem("header.missing_column", rule.field, column=rule.header, found=_listed(columns))


def _duplicate(rule: ColumnRule, columns: Sequence[Column]) -> Problem:
    return problem("header.duplicate_column", rule.field, column=rule.header, columns=_listed(columns))


def _listed(columns: Sequence[Column]) -> str:
    headers = [text for column in columns if (text := " ".join(column.header.split()))]
    shown = [
        text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…" for text in headers[:SHOWN_HEADERS]
    ]
    return ", ".join(f"“{text}”" for text in shown) + (", …" if len(headers) > SHOWN_HEADERS else "")
