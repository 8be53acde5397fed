"""What became of mails: of welcome mails beside the records they were for, and counted; of finish mails, with the import."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from services.intake.deps import Deps
from services.intake.flow_queries import queries
from services.intake.ledger.keep import Kept, is_time, known_imports
from shared.events import EmailKind, EmailSettled

Place = tuple[str, int]  # import id and row
Newest = dict[Place, EmailSettled]

_FINISH = 0  # in place of a row: the finish mail belongs to no record


async def keep_emails(deps: Deps, events: Sequence[EmailSettled]) -> Kept:
    """Keep the newest word about every mail."""
    imports = await known_imports(deps.pool, {event.import_id for event in events})
    kept = Kept()
    asked: list[tuple[int, Place]] = []  # where in the batch
    for index, event in enumerate(events):
        if event.import_id not in imports:
            kept.unknown.append(index)
        elif event.kind is EmailKind.WELCOME and not event.row:
            kept.unasked.append(index)
        else:
            row = event.row if event.kind is EmailKind.WELCOME and event.row else _FINISH
            asked.append((index, (imports[event.import_id].id, row)))
    newest = _newest(events, asked)
    if not all(is_time(event.at) for event in newest.values()):
        kept.untimely = [index for index, _ in asked if not is_time(events[index].at)]
        newest = _newest(events, [(index, place) for index, place in asked if is_time(events[index].at)])
    if newest:
        await _store(deps.pool, newest)
        kept.records = len(newest)
    return kept


def _newest(events: Sequence[EmailSettled], asked: list[tuple[int, Place]]) -> Newest:
    newest: Newest = {}
    for index, place in asked:
        if place not in newest or newest[place].at <= events[index].at:
            newest[place] = events[index]
    return newest


async def _store(pool: asyncpg.Pool, newest: Newest) -> None:
    in_order = sorted(newest)  # one order for all who insert
    welcomes = [place for place in in_order if place[1] != _FINISH]
    finishes = [place for place in in_order if place[1] == _FINISH]
    async with pool.acquire() as connection, connection.transaction():
        await queries.lock_imports(connection, ids=sorted({import_id for import_id, _ in in_order}))
        if welcomes:
            await queries.keep_emails(
                connection,
                **_words(newest, welcomes),
                rows=[row for _, row in welcomes],
                reasons=[newest[place].reason.replace("\0", "") for place in welcomes],
            )
        if finishes:
            await queries.keep_finish_emails(connection, **_words(newest, finishes))


def _words(newest: Newest, places: list[Place]) -> dict[str, list[object]]:
    return {
        "import_ids": [import_id for import_id, _ in places],
        "statuses": [newest[place].status for place in places],
        "ats": [datetime.fromisoformat(newest[place].at) for place in places],
    }
