"""Logs: facts for operators, nothing about people."""

import subprocess
import sys

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


FORGETFUL = f"""
import asyncio
from shared.logs import start_logs
from shared.settings import ServiceSettings

async def fail():
    raise ValueError("no account of {EMAIL}")

async def forget():
    asyncio.get_running_loop().create_task(fail())
    await asyncio.sleep(0)

start_logs("intake", ServiceSettings(database_url="postgresql://nobody"))
asyncio.run(forget())
"""


def test_what_asyncio_reports_is_logged_without_the_words_of_errors() -> None:
    ran = subprocess.run([sys.executable, "-c", FORGETFUL], capture_output=True, text=True, check=True)
    assert "Task exception was never retrieved" in ran.stdout
    assert "ValueError" in ran.stdout
    assert EMAIL not in ran.stdout + ran.stderr
