"""`rollcall audit`: who imported, ran, cancelled, downloaded, released, appointed, erased. Goes to intake's database."""

import json
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from cli.imports import JsonOption
from cli.tokens import DatabaseOption, at_intake
from services.intake.users.audit_log import Action, AskedActions, list_actions
from shared.email_key import email_key

out = Console()


def audit(
    experience: Annotated[UUID | None, typer.Option(help="Only what was done in this experience.")] = None,
    of_import: Annotated[UUID | None, typer.Option("--import", help="Only what was done with this import.")] = None,
    who: Annotated[str, typer.Option(help="Only what this person did, by email.")] = "",
    since: Annotated[datetime | None, typer.Option(help="Only what was done at this time (UTC) or later.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, newest first.")] = 100,
    as_json: JsonOption = False,
    database_url: DatabaseOption = "",
) -> None:
    """Show who did what, newest first."""
    asked = AskedActions(
        experience_id=experience, import_id=of_import, who=email_key(who), since=since.replace(tzinfo=UTC) if since else None
    )  # fmt: skip

    async def read(pool: asyncpg.Pool) -> list[Action]:
        return await list_actions(pool, asked, after=None, limit=limit)

    actions = at_intake(database_url, read)
    if as_json:
        out.print_json(json.dumps([_shown(action) for action in actions]))
        return
    table = Table("When", "Who", "What", "Import", "Experience", "About")
    for action in actions:
        when, *rest = _shown(action).values()
        table.add_row(when[:19].replace("T", " "), *(text or "" for text in rest))
    out.print(table)


def _shown(action: Action) -> dict[str, str]:
    """In the order of the table's columns."""
    return {
        "at": action.at.isoformat(), "who": action.who, "action": action.action,
        "import_id": str(action.import_id or ""), "experience_id": str(action.experience_id or ""),
        "about": " ".join(filter(None, (action.person, action.about))),
    }  # fmt: skip
