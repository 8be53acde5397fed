"""With 200,000 records no filter, search or page reads a whole table, whether or not the planner has statistics yet."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest_asyncio

from services.intake.records.list_records import list_records
from services.intake.records.record_filters import Filters, RecordImportStatus
from shared.events import Plan, PreImportStatus
from tests.integration.intake.api.world import Api

RECORDS = 200_000
FILL = (
    """insert into records select $1, g, 'p' || g || '@example.org', case when g % 50 = 0 then 'error' else 'ready' end,
        case when g % 50 = 0 then 'none' when g % 7 = 0 then 'add' else 'create' end, '["a"]',
        json_build_object('email', 'p' || g || '@example.org', 'first_name', 'Name' || g % 5000)
        from generate_series(2, $2 + 1) g""",
    "insert into record_problems select $1, 'email.invalid', g from generate_series(2, $2 + 1) g where g % 50 = 0",
    """insert into record_results select $1, g, case when g % 999 = 0 then 'failed' when g % 7 = 0 then 'added' else 'created' end, g, null, now()
        from generate_series(2, $2 + 1) g where g % 50 <> 0""",
    """insert into record_words select $1, w, g
        from generate_series(2, $2 + 1) g, lateral (values ('p' || g), ('example'), ('name' || g % 5000)) v(w)""",
    """update imports set status = 'finished', rows = $2, ready = $2 - 4000, error = 4000, plan_create = 168000, plan_add = 28000,
        created = 167000, added = 28000, failed = 200, searchable_row = $2 + 1 where id = $1""",
)
ASKED = [
    Filters(),
    Filters(status=PreImportStatus.ERROR),
    Filters(status=PreImportStatus.WARNING),
    Filters(plan=Plan.ADD),
    Filters(status=PreImportStatus.READY, plan=Plan.CREATE, import_status=RecordImportStatus.SUCCESS),
    Filters(import_status=RecordImportStatus.SUCCESS),
    Filters(import_status=RecordImportStatus.ERROR),
    Filters(import_status=RecordImportStatus.SKIPPED),
    Filters(problem="email.invalid"),
    Filters(problem="provision.refused"),
    Filters(q="p123456@example.org"),
    Filters(q="name42"),
    Filters(q="example"),
    Filters(q="nobody"),
    Filters(q="example", status=PreImportStatus.ERROR, problem="email.invalid"),
    Filters(q="name4", import_status=RecordImportStatus.ERROR),
]


@pytest_asyncio.fixture
async def filled(api: Api) -> AsyncIterator[tuple[asyncpg.Connection, asyncpg.Record]]:
    import_id = UUID((await api.new_import())["id"])
    async with api.deps.pool.acquire() as connection:
        for statement in FILL:
            await connection.execute(statement, import_id, *([RECORDS] if "$2" in statement else []))
        row = await connection.fetchrow("select * from imports where id = $1", import_id)
        assert row
        yield connection, row


async def _whole_tables_read(connection: Any) -> int:
    await connection.execute("select pg_stat_force_next_flush()")
    await connection.execute("select pg_stat_clear_snapshot()")
    return int(
        await connection.fetchval(
            "select sum(seq_scan) from pg_stat_user_tables where relname in ('records', 'record_results', 'record_problems', 'record_words')"
        )
    )


async def test_no_question_reads_a_whole_table(filled: tuple[asyncpg.Connection, asyncpg.Record]) -> None:
    connection, row = filled
    for prepare in ("select 1", "analyze"):
        await connection.execute(prepare)
        before = await _whole_tables_read(connection)
        for filters in ASKED:
            for after in (0, RECORDS // 2, RECORDS - 10):
                await list_records(connection, row, filters=filters, after=after)
            assert await _whole_tables_read(connection) == before, filters


async def test_the_counter_notices_a_whole_table(filled: tuple[asyncpg.Connection, asyncpg.Record]) -> None:
    connection, _ = filled
    before = await _whole_tables_read(connection)
    await connection.fetchval("select count(*) from records where plan || status = ''")
    assert await _whole_tables_read(connection) > before
