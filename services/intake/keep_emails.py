"""What became of welcome mails, beside the records they were for, and counted for their imports."""

from collections.abc import Sequence
from datetime import datetime

from services.intake.deps import Deps
from services.intake.flow_queries import queries
from services.intake.ledger import Kept, known_imports
from shared.events import EmailKind, EmailSettled


async def keep_emails(deps: Deps, events: Sequence[EmailSettled]) -> Kept:
    """Keep the newest word about every welcome mail. The finish mail belongs to no record."""
    imports = await known_imports(deps.pool, {event.import_id for event in events})
    kept = Kept()
    newest: dict[tuple[str, int], EmailSettled] = {}
    for index, event in enumerate(events):
        if event.import_id not in imports:
            kept.unknown.append(index)
        elif event.kind is EmailKind.WELCOME and event.row is not None:
            place = (imports[event.import_id].id, event.row)
            if place not in newest or newest[place].at <= event.at:
                newest[place] = event
        else:
            kept.ignored += 1
    if newest:
        await _store(deps, newest)
        kept.records = len(newest)
    return kept


async def _store(deps: Deps, newest: dict[tuple[str, int], EmailSettled]) -> None:
    in_order = sorted(newest)  # one order for all who insert
    emails = [newest[place] for place in in_order]
    import_ids = [import_id for import_id, _ in in_order]
    async with deps.pool.acquire() as connection, connection.transaction():
        await queries.lock_imports(connection, ids=sorted(set(import_ids)))
        await queries.keep_emails(
            connection,
            import_ids=import_ids,
            rows=[row for _, row in in_order],
            statuses=[email.status for email in emails],
            reasons=[email.reason.replace("\0", "") for email in emails],
            ats=[datetime.fromisoformat(email.at) for email in emails],
        )
