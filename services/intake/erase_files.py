"""Source files that hold a person. One person cannot be taken out of a file that is kept as it came: the whole file goes, or stays until
retention removes it."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from services.intake.erase_person import queries
from services.intake.file_store import FileStore
from shared.erasure import Deed, Line
from shared.postgres.retention import Connection


async def erase_files(
    connection: Connection, import_ids: Sequence[UUID | None], file_store: FileStore | None
) -> list[Line]:
    """Remove the source files of these imports, which are over; without a file store, say until when each is kept."""
    found = [row async for row in queries.files_of(connection, ids=import_ids)]
    if file_store:
        for row in found:
            await file_store.delete(row["file_path"])
        await queries.note_files_gone(connection, ids=[row["id"] for row in found])
        return [Line("intake: source files", Deed.ERASED, len(found))] if found else []
    days = await queries.days_of(connection, what="source files")
    return [
        Line(
            f"intake: source file of {row['id']}", Deed.KEPT, 1, "A file cannot be edited; --source-files removes it whole.",
            row["over_at"] + timedelta(days=days) if days else None,
        )
        for row in found
    ]  # fmt: skip
