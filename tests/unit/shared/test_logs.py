"""Logs: facts for operators, nothing about people."""

from shared.logs import traceback_without_words

EMAIL = "ada@school.edu"


def refuse_a_row() -> None:
    try:
        raise ValueError(f"Key (email_key)=({EMAIL}) already exists")
    except ValueError as error:
        raise LookupError(f"no account of {EMAIL}") from error


def test_an_error_is_logged_with_its_place_and_kinds_but_not_its_words() -> None:
    try:
        refuse_a_row()
    except LookupError as error:
        logged = traceback_without_words((LookupError, error, error.__traceback__))
    assert all(fact in logged for fact in ("refuse_a_row", "LookupError", "ValueError", "test_logs.py"))
    assert EMAIL not in logged
