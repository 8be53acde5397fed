"""Writes imports and records as they stand in the ledger after checks and Run, without Kafka."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from services.intake.records.words import words_of
from shared.email_key import email_key
from shared.problems import problem

PLANS = {"create": "plan_create", "add": "plan_add", "nothing": "plan_nothing"}


@dataclass
class Kept:
    """A record as the ledger keeps it."""

    row: int
    email: str
    first_name: str = "Ada"
    last_name: str = "Ek"
    status: str = "ready"
    plan: str = "create"
    problems: list[str] = field(default_factory=list)  # codes
    outcome: str | None = None
    run_problem: str | None = None
    mail: str | None = None
    cells: list[str] | None = None

    @property
    def values(self) -> dict[str, str]:
        return {"email": self.email, "first_name": self.first_name, "last_name": self.last_name}


class Ledger:
    """An import's tables."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def turn(self, import_id: str, status: str, **columns: Any) -> None:
        sets = ", ".join(f"{name} = ${place}" for place, name in enumerate(columns, 3))
        await self._pool.execute(
            f"update imports set status = $2{', ' + sets if sets else ''} where id = $1",
            UUID(import_id),
            status,
            *columns.values(),
        )

    async def keep(self, import_id: str, *records: Kept, indexed: bool = True) -> None:
        """Records with all that belongs to them; the import's counters follow."""
        of = UUID(import_id)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.copy_records_to_table("records", records=[_record(of, kept) for kept in records])
            await connection.copy_records_to_table(
                "record_problems", records=[(of, code, kept.row) for kept in records for code in kept.problems]
            )
            await connection.executemany(
                "insert into record_results values ($1, $2, $3, $4, $5, now())",
                [
                    (of, kept.row, kept.outcome, None, json.dumps(_problem(kept.run_problem)) if kept.run_problem else None)
                    for kept in records if kept.outcome
                ],
            )  # fmt: skip
            await connection.executemany(
                "insert into record_emails values ($1, $2, $3, '', now())",
                [(of, kept.row, kept.mail) for kept in records if kept.mail],
            )
            if indexed:
                words = {(of, word, kept.row) for kept in records for word in words_of(kept.values)}
                await connection.copy_records_to_table("record_words", records=words)
            await self._count(
                connection, of, records, searchable=max((kept.row for kept in records), default=0) if indexed else 0
            )

    async def _count(self, connection: Any, of: UUID, records: tuple[Kept, ...], *, searchable: int) -> None:
        counts = Counter([kept.status for kept in records])
        counts.update(PLANS[kept.plan] for kept in records if kept.plan in PLANS)
        counts.update(kept.outcome for kept in records if kept.outcome)
        counts.update(f"emails_{kept.mail}" for kept in records if kept.mail)
        counts.update(rows=len(records), checked=len(records), provisioned=sum(1 for kept in records if kept.outcome))
        sets = ", ".join(f"{name} = {count}" for name, count in counts.items())
        await connection.execute(
            f"update imports set {sets}, read_complete = true, searchable_row = $2, emails_failed_at = now() where id = $1",
            of, searchable,
        )  # fmt: skip


def _record(of: UUID, kept: Kept) -> tuple[Any, ...]:
    cells = kept.cells or [kept.email, kept.first_name, kept.last_name]
    problems = json.dumps([_problem(code) for code in kept.problems]) if kept.problems else None
    return (
        of, kept.row, email_key(kept.email), kept.status, kept.plan,
        json.dumps(cells, ensure_ascii=False), json.dumps(kept.values, ensure_ascii=False), problems,
    )  # fmt: skip


def _problem(code: str) -> dict[str, Any]:
    params = {
        "value": "x",
        "domain": "d",
        "suggestion": "s",
        "reason": "r",
        "row": 2,
        "tries": 3,
        "cells": 4,
        "columns": 3,
    }
    found = problem(code, "email", **params)
    return {"code": found.code, "level": found.level, "message": found.message, "field": found.field, "params": {}}
