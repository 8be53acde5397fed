"""What the provisioner may keep of people beside the directory, for how long, and how it is removed: its answers. They are its memory,
too, so the settings keep them for longer than anybody asks again."""

from collections.abc import Sequence
from datetime import datetime

from asyncpg.pool import PoolConnectionProxy

from services.provisioner.settings import Settings
from services.provisioner.store import QUERIES
from shared.postgres.retention import Connection, Limit, Oldest, Remove, changed


async def _oldest_answer(connection: Connection) -> datetime | None:
    """An import's answers are given within its Run, so one of them tells their age."""
    return min([row["created_at"] async for row in QUERIES.imports_with_results(connection)], default=None)


OLDEST: dict[str, Oldest] = {"answers": _oldest_answer, "imports cancelled": QUERIES.oldest_cancelled}


def limits(settings: Settings) -> Sequence[Limit]:
    """All of it, as the settings say."""
    remove: dict[str, Remove] = {"answers": _remove_answers, "imports cancelled": _remove_cancelled}
    return [
        Limit(what=what, days=settings.answer_days, oldest=oldest, remove=remove[what])
        for what, oldest in OLDEST.items()
    ]


async def _remove_answers(connection: PoolConnectionProxy, before: datetime, most: int) -> int:
    found = [row async for row in QUERIES.imports_with_results(connection)]
    for row in found:
        if row["created_at"] < before:
            return changed(
                await QUERIES.remove_answers(connection, import_id=row["import_id"], before=before, most=most)
            )
    return 0


async def _remove_cancelled(connection: PoolConnectionProxy, before: datetime, most: int) -> int:
    return changed(await QUERIES.remove_cancelled(connection, before=before, most=most))
