"""Imports as they are read: whose they are, in which order, and as the one JSON that the API and its event stream show."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
import asyncpg

from services.intake.records.email_view import email_counts
from services.intake.states import ImportStatus
from services.intake.users.people import Database

queries = aiosql.from_path(Path(__file__).parent / "sql" / "read_imports.sql", "asyncpg")

_SAME_NAME = (
    "id", "experience_id", "type", "status", "emails", "run", "same_as", "submitted_at", "submitted_by", "ready_at",
    "started_at", "started_by", "cancelled_at", "cancelled_by", "finished_at", "emails_released_at", "emails_released_by",
    "records_gone_at", "finish_email",
)  # fmt: skip


async def find_import(database: Database, import_id: UUID, *, for_user: str) -> asyncpg.Record | None:
    """The import's row if that person (email key) administers its experience."""
    found: asyncpg.Record | None = await queries.import_for(database, import_id=import_id, email_key=for_user)
    return found


async def read_import(database: Database, import_id: UUID) -> asyncpg.Record:
    """The import's row, for somebody who was let in already."""
    found: asyncpg.Record = await queries.import_by_id(database, import_id=import_id)
    return found


async def find_by_key(database: Database, experience_id: UUID, *, submitted_by: str, key: str) -> UUID | None:
    """The import that was submitted under this idempotency key."""
    found: UUID | None = await queries.import_by_key(
        database, experience_id=experience_id, submitted_by=submitted_by, idempotency_key=key
    )
    return found


async def list_imports(
    database: Database, experience_id: UUID, *, after: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """An experience's imports, newest first; `after` is the last id of the page before."""
    if after is None:
        return [row async for row in queries.newest_imports(database, experience_id=experience_id, limit=limit)]
    return [row async for row in queries.older_imports(database, experience_id=experience_id, after=after, limit=limit)]


def import_json(row: asyncpg.Record, base_url: str) -> dict[str, Any]:
    """An import as others see it (the model `Import`)."""
    return {
        **{name: row[name] for name in _SAME_NAME},
        "needs_review": row["status"] == ImportStatus.READY,
        "file": {
            "name": row["file_name"], "size": row["file_size"], "sha256": row["file_sha256"],
            "detected": json.loads(row["detected"]) if row["detected"] else None, "gone_at": row["file_gone_at"],
        },
        "progress": {
            "rows": row["rows"], "read_complete": row["read_complete"],
            "checked": row["checked"], "provisioned": row["provisioned"],
        },
        "counts": counts_json(row),
        "email_counts": email_counts(row),
        "problems": json.loads(row["problems"]),
        "review_url": review_url(base_url, row["id"]),
    }  # fmt: skip


def review_url(base_url: str, import_id: UUID) -> str:
    """The page where a person reviews the import."""
    return f"{base_url.rstrip('/')}/imports/{import_id}"


def counts_json(row: asyncpg.Record | Mapping[str, Any]) -> dict[str, int]:
    """The counts that people see. When an import is over, the outcomes and `not_imported` add up to its rows: of one that
    was cancelled before Run, all that could have been imported was skipped."""
    same_name = ("ready", "warning", "error", "created", "added", "unchanged", "failed")
    cancelled = row["status"] == ImportStatus.CANCELLED
    return {
        **{name: row[name] for name in same_name},
        "create": row["plan_create"], "add": row["plan_add"], "nothing": row["plan_nothing"], "none": row["error"],
        "skipped": row["rows"] - row["error"] if cancelled else row["skipped"],
        "not_imported": row["error"] if cancelled or row["status"] == ImportStatus.FINISHED else 0,
    }  # fmt: skip
