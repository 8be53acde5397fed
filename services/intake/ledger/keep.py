"""Keeping what others answer about records, in batches and counted once: rows and counters move in one transaction.
The tables of the ledger (keep_checks.py, keep_results.py) say how a row looks and how it is counted."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from services.intake.deps import Deps
from services.intake.flow_queries import queries
from services.intake.states import ImportStatus, Turn
from services.intake.take_turn import take_turn
from shared.events import RecordChecked, RecordProvisioned

E = TypeVar("E", RecordChecked, RecordProvisioned)

FIRST_ROW = 2  # behind the header

Row: TypeAlias = tuple[Any, ...]  # begins with import id (text) and row
RecordId: TypeAlias = tuple[str, int]  # import id and row
Tally: TypeAlias = Counter[tuple[str, ...]]  # import id and what else is counted by -> records to add


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Generic[E]):
    """One table of the ledger, with its share of an import's counters."""

    open_in: frozenset[ImportStatus]  # an import in another status takes no more rows
    asked_upto: str  # which column of the query `known_imports` says up to which row answers can come
    turn: Turn  # what the last row brings about
    row_of: Callable[[E, str], Row]
    copy: Callable[[PoolConnectionProxy, list[Row]], Awaitable[Tally]]  # fast; UniqueViolation when one is there
    insert: Callable[[PoolConnectionProxy, list[Row]], Awaitable[Tally]]  # leaves out what is there
    count: Callable[[PoolConnectionProxy, Tally], Awaitable[list[UUID]]]  # returns the imports that now have all rows
    unasked: Callable[[asyncpg.Pool, list[Row]], Awaitable[set[RecordId]]] | None = None  # rows nobody asked about
    has_time: Callable[[E], bool] = lambda _: True  # or tells a time that is none


@dataclass(slots=True)
class Kept:
    """What became of a batch of answers."""

    records: int = 0  # new ones
    ignored: int = 0  # answers to imports that are past the question
    unknown: list[int] = field(default_factory=list)  # where in the batch an import is named that there is not
    unasked: list[int] = field(default_factory=list)  # where a row is named that nobody asked about
    untimely: list[int] = field(default_factory=list)  # where the time is none
    turned: list[tuple[UUID, ImportStatus]] = field(default_factory=list)  # imports that have all their answers now


class _TurnedMeanwhileError(Exception):
    """An import changed between the first look and the counting: its status, or its file has ended before one of the rows."""


class KnownImport(NamedTuple):
    """What an answer must fit: one that nobody asked for would be counted instead of one that is still to come."""

    id: str  # as Postgres writes it
    experience_id: str
    status: str
    checks_upto: int  # the last row that is, or may be, out to be checked
    results_upto: int  # the last row that may be handed over


async def keep(deps: Deps, events: Sequence[E], table: Table[E]) -> Kept:
    """Keep what is new among the events. What was kept before, in any order or company, changes nothing."""
    while True:
        rows, kept = await _accept(deps.pool, events, table)
        if not rows:
            return kept
        try:
            await _store(deps, rows, table=table, kept=kept)
        except _TurnedMeanwhileError:
            continue
        return kept


async def known_imports(pool: asyncpg.Pool, import_ids: Iterable[str]) -> dict[str, KnownImport]:
    """The imports that exist among ids, by the ids as events write them."""
    names = {text: _canonical(text) for text in import_ids}
    found = queries.known_imports(pool, ids=[name for name in names.values() if name])
    known = {(id_ := str(row["id"])): KnownImport(id_, str(row["experience_id"]), *row[2:]) async for row in found}
    return {text: known[name] for text, name in names.items() if name in known}


async def _accept(pool: asyncpg.Pool, events: Sequence[E], table: Table[E]) -> tuple[list[Row], Kept]:
    """The rows of imports that take them, in one order for all who insert, so that nobody waits in a circle."""
    imports = await known_imports(pool, {event.import_id for event in events})
    takes = {text: known for text, known in imports.items() if known.status in table.open_in}
    last_row = {text: getattr(known, table.asked_upto) for text, known in takes.items()}
    rows, kept, row_of = [], Kept(), table.row_of
    for index, event in enumerate(events):
        known = takes.get(event.import_id)
        if known is None:
            if event.import_id in imports:
                kept.ignored += 1
            else:
                kept.unknown.append(index)
        elif not table.has_time(event):
            kept.untimely.append(index)
        elif FIRST_ROW <= event.row <= last_row[event.import_id] and event.experience_id == known.experience_id:
            rows.append(row_of(event, known.id))
        else:
            kept.unasked.append(index)
    if rows and table.unasked and (unasked := await table.unasked(pool, rows)):
        rows = [row for row in rows if (row[0], row[1]) not in unasked]
        kept.unasked += [
            index for index, event in enumerate(events)
            if (known := takes.get(event.import_id)) and (known.id, event.row) in unasked
        ]  # fmt: skip
    rows.sort(key=itemgetter(0, 1))
    return rows, kept


async def _store(deps: Deps, rows: list[Row], *, table: Table[E], kept: Kept) -> None:
    """First as if all rows were new, which is three times as fast; if one is there already, with care."""
    last_rows = {row[0]: row[1] for row in rows}  # they are in order
    async with deps.pool.acquire() as connection:
        try:
            async with connection.transaction():
                tally = await table.copy(connection, rows)
                await _lock(connection, tally, last_rows, table=table)
                await _count(deps, connection, tally, table=table, kept=kept)
                return
        except asyncpg.UniqueViolationError:
            pass
        once: dict[RecordId, Row] = {}
        for row in rows:  # of two answers about one record the first counts, as it does across batches
            once.setdefault((row[0], row[1]), row)
        async with connection.transaction():
            tally = await table.insert(connection, list(once.values()))
            await _lock(connection, tally, last_rows, table=table)
            await _count(deps, connection, tally, table=table, kept=kept)


async def _lock(
    connection: PoolConnectionProxy, tally: Tally, last_rows: Mapping[str, int], *, table: Table[E]
) -> None:
    """Let nobody else count for these imports, and see that what was true at the first look still is."""
    ids = sorted({key[0] for key in tally})
    if not ids:
        return
    locked = queries.lock_imports_in(connection, ids=ids, statuses=list(table.open_in))
    asked_upto = {str(row["id"]): row[table.asked_upto] async for row in locked}
    if any(last_rows[import_id] > asked_upto.get(import_id, 0) for import_id in ids):
        raise _TurnedMeanwhileError


async def _count(deps: Deps, connection: PoolConnectionProxy, tally: Tally, *, table: Table[E], kept: Kept) -> None:
    if not tally:
        return
    complete = await table.count(connection, tally)
    kept.records = sum(tally.values())
    for import_id in complete:
        status = await take_turn(connection, import_id, table.turn, base_url=deps.settings.base_url)
        if isinstance(status, ImportStatus):
            kept.turned.append((import_id, status))


def is_time(at: str) -> bool:
    """Whether it is a moment that the database can keep: with a zone, and within its calendar in UTC."""
    try:
        moment = datetime.fromisoformat(at)
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return moment.tzinfo is not None


def _canonical(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""
