"""One person taken out of intake's ledger. Rows and outcomes stay, so that counts add up; who the row was about is gone."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql

from services.intake.records.words import words_of
from shared.erasure import Deed, Line, Person
from shared.events import encode
from shared.postgres.retention import Connection
from shared.problems import problem

queries = aiosql.from_path(Path(__file__).parent / "sql" / "erase.sql", "asyncpg")

CODE = "person.erased"
_AT_ONCE = 20_000  # records looked at
_OVER = ("finished", "rejected", "cancelled")
_BEING_READ = ("submitted", "preprocessing")


class StillAtWorkError(Exception):
    """The person is in imports that are not over; nothing was erased."""

    def __init__(self, import_ids: Sequence[UUID]) -> None:
        super().__init__(", ".join(map(str, import_ids)))
        self.import_ids = import_ids


@dataclass(slots=True)
class Traces:
    """Where a person is in the ledger."""

    rows: dict[UUID, list[int]] = field(default_factory=dict)  # by import
    files: list[UUID] = field(default_factory=list)  # imports whose source files are kept and hold the person
    being_read: int = 0  # imports of which not all rows are known yet
    moved_at: datetime | None = None  # the last time anything about one of these imports went onto a topic


async def find_person(connection: Connection, person: Person) -> Traces:
    """Reads all records, an import's rows in order: nobody else asks for records by their person. Raises StillAtWorkError."""
    traces, at_work = Traces(), []
    for of_import in [row async for row in queries.imports_to_search(connection)]:
        traces.being_read += of_import["status"] in _BEING_READ
        rows = [row["row"] async for row in _records_about(connection, person, of_import)]
        in_words = any(map(person.is_named_in, _texts_of(of_import)))
        if not rows and not in_words:
            continue
        if of_import["status"] not in _OVER:
            at_work.append(of_import["id"])
        traces.rows[of_import["id"]] = rows
        traces.moved_at = max(traces.moved_at or of_import["moved_at"], of_import["moved_at"])
        if of_import["file_gone_at"] is None:
            traces.files.append(of_import["id"])
    if at_work:
        raise StillAtWorkError(at_work)
    return traces


async def erase_person(connection: Connection, person: Person, traces: Traces) -> list[Line]:
    """Take them out of the records found, and out of what imports say of their files."""
    erased = 0
    for import_id, rows in traces.rows.items():
        async with connection.transaction():
            erased += await _erase_records(connection, person, import_id, rows)
            of_import = await queries.import_to_search(connection, id=import_id)
            detected, problems = (_cleaned(of_import[name], person) for name in ("detected", "problems"))
            await queries.replace_words_of_file(connection, id=import_id, detected=detected, problems=problems)
    lines = [Line("intake: records", Deed.ERASED, erased)] if erased else []
    if traces.being_read:
        why = "Their rows are not all known yet; erase again when they are ready."
        lines.append(Line("intake: imports being read", Deed.LEFT, traces.being_read, why))
    return lines


async def _records_about(connection: Connection, person: Person, of_import: Any) -> AsyncIterator[Any]:
    for after in range(0, of_import["read_row"] + 1, _AT_ONCE):
        stretch = {"import_id": of_import["id"], "after": after, "upto": after + _AT_ONCE}
        found = queries.records_perhaps_about(connection, key=person.key, likes=person.likes, **stretch)
        for row in [row async for row in found]:
            if row["email_key"] == person.key or any(map(person.is_named_in, json.loads(row["cells"]))):
                yield row


async def _erase_records(connection: Connection, person: Person, import_id: UUID, rows: Sequence[int]) -> int:
    erased, owned = 0, []
    async for record in queries.records_to_erase(connection, import_id=import_id, rows=rows):
        own = record["email_key"] == person.key
        values: dict[str, str] = json.loads(record["values"])
        cells: list[str] = json.loads(record["cells"])
        left = {name: "" if own else person.taken_out_of(value) for name, value in values.items()}
        problems = [encode(problem(CODE)).decode()] if own else [_cleaned(record["problems"], person)]
        await queries.replace_record(
            connection, import_id=import_id, row=record["row"],
            email_key="" if own else record["email_key"], vals=encode(left).decode(),
            cells=encode([""] * len(cells) if own else [person.taken_out_of(cell) for cell in cells]).decode(),
            problems=f"[{problems[0]}]" if own else problems[0],
        )  # fmt: skip
        words = [word.replace("\0", "") for word in words_of(values) - words_of(left)]
        await queries.remove_words_of(connection, import_id=import_id, row=record["row"], words=words)
        erased += 1
        owned += [record["row"]] if own else []
    await queries.mark_erased(connection, import_id=import_id, rows=owned)
    return erased


def _texts_of(of_import: Any) -> list[str]:
    """What is said of a file that its people may stand in: headers that are none, its first lines."""
    return [of_import[name] for name in ("detected", "problems") if of_import[name]]


def _cleaned(text: str | None, person: Person) -> str | None:
    """JSON without the person's address."""
    return person.taken_out_of(text) if text else text
