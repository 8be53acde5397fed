"""What intake may keep of people, for how long, and how it is removed. Of an import that is over, its line and its counts stay."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import aiosql
from asyncpg.pool import PoolConnectionProxy

from services.intake.deps import Deps
from services.intake.states import Refused, Turn
from services.intake.take_turn import take_turn
from services.intake.users.people import note_action
from shared.postgres.retention import Limit, Oldest, Remove, changed

queries = aiosql.from_path(Path(__file__).parent / "sql" / "retention.sql", "asyncpg")

OLDEST: dict[str, Oldest] = {
    "imports never run": queries.oldest_never_run,
    "source files": queries.oldest_file,
    "records": queries.oldest_records,
    "sign-ins": queries.oldest_sign_in,
    "audit log": queries.oldest_action,
}
BY_ITSELF = "retention"  # who cancels what nobody ran
_FILES_AT_ONCE = 100


def limits(deps: Deps) -> Sequence[Limit]:
    """All of it, as the settings say."""
    settings = deps.settings
    chosen: dict[str, tuple[float, Remove]] = {
        "imports never run": (settings.never_run_days, partial(_cancel_never_run, deps)),
        "source files": (settings.source_file_days, partial(_remove_files, deps)),
        "records": (settings.record_days, _remove_records),
        "sign-ins": (settings.sign_in_days, _remove_sign_ins),
        "audit log": (settings.audit_log_days, _remove_actions),
    }
    return [
        Limit(what=what, days=days, oldest=OLDEST[what], remove=remove) for what, (days, remove) in chosen.items()
    ]  # fmt: skip


async def _cancel_never_run(deps: Deps, connection: PoolConnectionProxy, before: datetime, most: int) -> int:
    """An import that nobody runs is cancelled, so that its records and its file grow old."""
    cancelled = 0
    found = [row["id"] async for row in queries.never_run(connection, before=before, most=most)]
    for import_id in found:
        if not isinstance(
            await take_turn(connection, import_id, Turn.CANCEL, base_url=deps.settings.base_url), Refused
        ):
            await note_action(connection, BY_ITSELF, action="import.cancelled", import_id=import_id)
            cancelled += 1
    return cancelled


async def _remove_files(deps: Deps, connection: PoolConnectionProxy, before: datetime, most: int) -> int:
    found = [row async for row in queries.old_files(connection, before=before, most=min(most, _FILES_AT_ONCE))]
    for row in found:
        await deps.file_store.delete(
            row["file_path"]
        )  # one that is gone already is no trouble: a crash comes back here
    if found:
        await queries.note_file_gone(connection, ids=[row["id"] for row in found])
    return len(found)


async def _remove_records(connection: PoolConnectionProxy, before: datetime, most: int) -> int:
    """Some rows of the oldest import that is due; the rows that went, or 1 for noting that they are all gone."""
    import_id = await queries.import_with_old_records(connection, before=before)
    if import_id is None:
        return 0
    await queries.note_records_gone(connection, id=import_id)
    rows = 0
    for remove in _TABLES:
        rows += changed(await remove(connection, id=import_id, most=most))
    if not rows:
        await queries.note_no_records_left(connection, id=import_id)
    return rows or 1


_TABLES = (
    queries.remove_words, queries.remove_problems, queries.remove_emails, queries.remove_results, queries.remove_records,
)  # fmt: skip


async def _remove_sign_ins(connection: PoolConnectionProxy, before: datetime, most: int) -> int:
    gone = 0
    for remove in (queries.remove_sessions, queries.remove_links, queries.remove_counts):
        gone += changed(await remove(connection, before=before))
    return gone


async def _remove_actions(connection: PoolConnectionProxy, before: datetime, most: int) -> int:
    oldest = await queries.oldest_action(connection)
    if oldest is None or oldest >= before:
        return 0
    await queries.allow_removing_actions(connection)
    return changed(await queries.remove_actions(connection, before=before, most=most))
