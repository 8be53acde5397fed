"""Which words a record is found by. Pure; the index (record_words) and the search split text the same way."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

WORD_CHARACTERS = 64  # longer words are cut, in the index and in the search alike
LAST_CHARACTER = (
    "\U0010ffff"  # sorts after every other: word >= x and word < x + LAST_CHARACTER are the words that begin with x
)

_BETWEEN_WORDS = re.compile("[\\s\x00-\x1f@._+\\-,;:/()'\"’]+")


def words_of(values: Mapping[str, str]) -> set[str]:
    """The words of a record's values (field name -> value), lower case, NFC."""
    return words_in(values.values())


def words_in(texts: Iterable[str]) -> set[str]:
    """The words of some texts; an email gives its parts between `@ . _ - +`."""
    joined = " ".join(texts)
    if not joined.isascii():
        joined = unicodedata.normalize("NFC", joined)
    return {word[:WORD_CHARACTERS] for word in _BETWEEN_WORDS.split(joined.lower()) if word}


def finds(sought: Iterable[str], words: Iterable[str]) -> bool:
    """Is every sought word the beginning of one of the words?"""
    return all(any(word.startswith(start) for word in words) for start in sought)
