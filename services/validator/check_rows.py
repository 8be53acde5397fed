"""Checks rows: what a field means, what is wrong with it, and the record that comes of it. Pure; knows no other row."""

from collections.abc import Sequence
from typing import NamedTuple

from services.validator.duplicates import digest
from services.validator.facts import BadEventError, uuid_text
from services.validator.plan import People, plan_record
from services.validator.rules import RULES
from services.validator.rules.rule import FieldRules
from services.validator.rules.text import TEXT_LIMIT
from shared.email_key import email_key
from shared.events import Level, PreImportStatus, Problem, RecordChecked, RowRead
from shared.problems import problem

LAST_ROW = 2**31 - 1  # what the tables can count


class Judged(NamedTuple):
    """A row judged by itself."""

    position: int  # in its batch
    event: RowRead
    values: dict[str, str]
    problems: list[Problem]
    key: bytes  # digest of the email key; empty when no mail can be sent to the row's email


def judge_row(position: int, event: RowRead) -> Judged:
    """The row's values and problems, those found while reading first. BadEventError: this is no row of ours."""
    rules = RULES.get(event.type)
    if rules is None:
        raise BadEventError("row.unknown_type")
    if not 2 <= event.row <= LAST_ROW:
        raise BadEventError("row.bad_number")
    uuid_text(event.import_id)
    uuid_text(event.experience_id)
    cells, columns = event.cells, event.columns
    values: dict[str, str] = {}
    problems = event.problems
    for field_rules in rules:
        field, plain, _, _ = field_rules
        column = columns.get(field, -1)
        text = cells[column] if 0 <= column < len(cells) else ""
        value = plain(text)
        if value is None:
            value, found = _judge_field(field_rules, text)
            problems = [*problems, *(new for new in found if not _already_told(new, problems))]
        values[field] = value
    return Judged(position, event, values, problems, _identity(event, values["email"], problems))


def _judge_field(field_rules: FieldRules, text: str) -> tuple[str, list[Problem]]:
    value = field_rules.interpret(text)
    found = [told for rule in field_rules.rules if (told := rule(field_rules.field, text, value))]
    return value[:TEXT_LIMIT], found


def _already_told(new: Problem, problems: Sequence[Problem]) -> bool:
    """Reading may have met the same trouble."""
    return any(known.code == new.code and known.field == new.field for known in problems)


def _identity(event: RowRead, email: str, problems: Sequence[Problem]) -> bytes:
    if problems and any(problem.field == "email" and problem.level == Level.ERROR for problem in problems):
        return b""
    if email != event.email_key and email_key(email) != event.email_key:
        raise BadEventError("row.wrong_email_key")  # two people under one name, or one under two
    return digest(event.email_key)


def check_row(judged: Judged, first_row: int, people: People) -> RecordChecked:
    """The record of a judged row. `first_row` had its email first: the row itself, or 0 when it has no email."""
    event, problems = judged.event, judged.problems
    if first_row not in (0, event.row):
        problems = [*problems, problem("email.duplicate", "email", row=first_row)]
    status = status_of(problems)
    return RecordChecked(
        import_id=event.import_id, experience_id=event.experience_id, row=event.row, email_key=event.email_key,
        cells=event.cells, values=judged.values, status=status, plan=plan_record(status, event.email_key, people),
        problems=problems,
    )  # fmt: skip


def status_of(problems: Sequence[Problem]) -> PreImportStatus:
    """The worst of the problems."""
    if not problems:
        return PreImportStatus.READY
    worst = any(problem.level == Level.ERROR for problem in problems)
    return PreImportStatus.ERROR if worst else PreImportStatus.WARNING
