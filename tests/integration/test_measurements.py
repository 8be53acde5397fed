"""What /metrics asks the databases: the right numbers, and at the same cost however much has been done before."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
from prometheus_client import REGISTRY
from pydantic import SecretStr

from services.intake.measure_imports import count_turn, measure_imports
from services.intake.states import ImportStatus
from services.notifier.measure_queue import measure_queue
from services.notifier.store import Store
from shared.postgres.outbox import measure_outbox
from shared.postgres.pool import open_database
from shared.settings import ServiceSettings

SERVICES = Path(__file__).parents[2] / "services"
DONE = 5_000  # of what was there before and does not concern the numbers
NewDatabase = Callable[[str], Awaitable[str]]

_IMPORTS = f"""
insert into experiences (id, name) values ('{uuid.UUID(int=1)}', 'Spring');
insert into users (email_key, email) values ('ann@school.org', 'ann@school.org');
insert into imports (
    id, experience_id, type, status, emails, file_name, file_size, file_sha256, file_path, submitted_by,
    submitted_at, ready_at, started_at, finished_at, moved_at, tries
)
select gen_random_uuid(), '{uuid.UUID(int=1)}', 'experience-learners',
    case n when 1 then 'running' when 2 then 'running' when 3 then 'submitted' else 'finished' end,
    'send', 'a.csv', 1, '', '', 'ann@school.org',
    now() - interval '100 s', now() - interval '93 s', now() - interval '60 s', now() - interval '20 s',
    now() - case when n = 2 then interval '40 s' when n > 3 then interval '1 day' else interval '1 s' end,
    case n when 2 then 1 else 0 end
from generate_series(1, {DONE}) n;
analyze;
"""
_MAILS = f"""
insert into emails (id, kind, import_id, row, address, first_name, last_name, status, attempts, settled_at)
select n::text, 'welcome', '{uuid.UUID(int=1)}', n, '', '', '',
    case when n <= 3 then 'queued' when n = 4 then 'sending' when n <= 6 then 'doubtful' else 'sent' end,
    case n when 3 then 2 else 0 end, case when n > 4 then now() end
from generate_series(1, {DONE}) n;
analyze;
"""


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"rollcall_{name}", labels)


async def test_imports_at_work_are_counted_and_the_one_that_waits_longest_is_told(database: NewDatabase) -> None:
    dsn = await filled(await database("intake"), _IMPORTS)
    async with open_database(settings(dsn), SERVICES / "intake") as pool:
        plan = await rows_met(pool, SERVICES / "intake/sql/flow/measure.sql", "imports_at_work")
        await measure_imports(pool).measure()
    at_work = {status: value("imports_at_work", status=status) for status in ("submitted", "preprocessing", "running")}
    assert at_work == {"submitted": 1, "preprocessing": 0, "running": 2}
    assert 40 <= (value("import_still_seconds") or 0) < 100
    assert value("imports_under_repair") == 1
    assert plan < 10


async def test_phases_of_an_import_are_timed_when_they_end(database: NewDatabase) -> None:
    dsn = await filled(await database("intake"), _IMPORTS)
    before = {phase: value("import_seconds_sum", phase=phase) or 0 for phase in ("preprocessing", "run")}
    async with open_database(settings(dsn), SERVICES / "intake") as pool, pool.acquire() as connection:
        import_id = await connection.fetchval("select id from imports where status = 'finished' limit 1")
        for status in (ImportStatus.RUNNING, ImportStatus.READY, ImportStatus.FINISHED):
            await count_turn(connection, import_id, status)
    after = {phase: value("import_seconds_sum", phase=phase) or 0 for phase in before}
    assert [round(after[phase] - before[phase]) for phase in before] == [7, 40]


async def test_the_queue_is_counted_along_its_indexes(database: NewDatabase) -> None:
    dsn = await filled(await database("notifier"), _MAILS)
    async with open_database(settings(dsn), SERVICES / "notifier") as pool:
        plan = await rows_met(pool, SERVICES / "notifier/sql/measure.sql", "queue_length")
        await measure_queue(Store(pool)).measure()
    queued = {state: value("mails_queued", state=state) for state in ("new", "put_off", "in_hand")}
    assert queued == {"new": 2, "put_off": 1, "in_hand": 1}
    assert value("mails_doubtful") == 2
    assert plan < 20


async def test_an_outbox_is_as_old_as_its_oldest_event_and_an_empty_one_has_no_age(database: NewDatabase) -> None:
    dsn = await database("intake")
    async with open_database(settings(dsn), SERVICES / "intake") as pool:
        await measure_outbox(pool).measure()
        assert value("outbox_age_seconds") == 0
        await pool.execute(
            "insert into outbox (topic, key, value, created_at) select 't', '', '', now() - n * interval '10 s' from generate_series(6, 1, -1) n"
        )
        await measure_outbox(pool).measure()
    assert 60 <= (value("outbox_age_seconds") or 0) < 100


def settings(dsn: str) -> ServiceSettings:
    return ServiceSettings(database_url=SecretStr(dsn))


async def filled(dsn: str, statements: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()
    return dsn


async def rows_met(pool: asyncpg.Pool, file: Path, name: str) -> float:
    """Most rows that any step of the query's plan meets, those that it throws away included."""
    text = await asyncio.to_thread(file.read_text)
    query = next(part for part in text.split("-- name: ") if part.startswith(name)).split("\n", 2)[2]
    asked = query.replace(":most", "100000").strip().rstrip(";")
    (plan,) = json.loads(await pool.fetchval(f"explain (analyze, format json) {asked}"))
    return max(steps(plan["Plan"]))


def steps(node: dict[str, Any]) -> Iterator[float]:
    yield node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    for part in node.get("Plans", []):
        yield from steps(part)
