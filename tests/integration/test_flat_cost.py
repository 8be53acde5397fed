"""A batch touches as many rows as it has, in a directory of any size. Counted by Postgres, not timed."""

import uuid
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import cast

import asyncpg
import pytest
from pydantic import SecretStr

from services.intake.deps import Deps
from services.intake.file_store import FileStore
from services.intake.flow_queries import queries
from services.intake.ledger.keep_emails import keep_emails
from services.intake.settings import Settings
from services.intake.users.audit_log import AskedActions, list_actions
from services.intake.work.publish_approvals import LAST_ROW
from services.provisioner.provision import provision
from services.validator.store import Store
from shared.clock import iso, now
from shared.events import EmailKind, EmailSettled, EmailStatus, Outcome, Plan, RecordApproved
from shared.kafka.publish import Publisher
from shared.postgres.pool import open_database
from shared.settings import ServiceSettings
from tests.integration.intake.answers import ALL_ANSWERED

SERVICES = Path(__file__).parents[2] / "services"
THERE, BATCH = 40_000, 500
NewDatabase = Callable[[str], Awaitable[str]]

_TOUCHED = """
select coalesce(sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)), 0)::bigint
     + (select coalesce(sum(idx_tup_read), 0)::bigint from pg_stat_user_indexes)
from pg_stat_user_tables
"""


class Touched:
    """How many rows and index entries a piece of work has read."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    async def rows(self) -> int:
        connection = await asyncpg.connect(self.dsn)  # a new one: counters are seen once their backend has ended
        try:
            return int(await connection.fetchval(_TOUCHED))
        finally:
            await connection.close()


def open_pool(dsn: str, service: str) -> AbstractAsyncContextManager[asyncpg.Pool]:
    """As the service opens it."""
    return open_database(ServiceSettings(database_url=SecretStr(dsn)), SERVICES / service)


KNOWN, UNKNOWN = "analyze", "select"  # what Postgres knows of the tables: an import is faster than its statistics


@pytest.mark.parametrize("statistics", [KNOWN, UNKNOWN])
async def test_provisioning_a_batch_does_not_walk_through_the_experience(
    database: NewDatabase, statistics: str
) -> None:
    dsn, experience = await database("provisioner"), str(uuid.uuid4())
    await _fill(dsn, f"""
        alter table accounts set (autovacuum_enabled = off);
        alter table memberships set (autovacuum_enabled = off);
        insert into accounts (email_key, email, first_name, last_name)
        select 'p' || n || '@school.org', 'p' || n || '@school.org', '', '' from generate_series(1, {THERE}) n;
        insert into memberships (account_id, experience_id) select id, '{experience}' from accounts;
        {statistics}""")  # fmt: skip
    before = await Touched(dsn).rows()
    async with open_pool(dsn, "provisioner") as pool:
        answers = await provision(pool, [_approval(experience, row) for row in range(2, BATCH + 2)])
    assert answers.outcomes[Outcome.UNCHANGED] == BATCH // 2
    assert answers.outcomes[Outcome.CREATED] == BATCH // 2
    assert await Touched(dsn).rows() - before < 20 * BATCH


@pytest.mark.parametrize("statistics", [KNOWN, UNKNOWN])
async def test_planning_a_batch_does_not_walk_through_the_directory(database: NewDatabase, statistics: str) -> None:
    dsn, experience = await database("validator"), str(uuid.uuid4())
    await _fill(dsn, f"""
        alter table known_accounts set (autovacuum_enabled = off);
        alter table known_memberships set (autovacuum_enabled = off);
        insert into known_accounts select 'p' || n || '@school.org', true, now() from generate_series(1, {THERE}) n;
        insert into known_memberships select '{experience}', email_key, true, now() from known_accounts;
        {statistics}""")  # fmt: skip
    before = await Touched(dsn).rows()
    async with open_pool(dsn, "validator") as pool:
        people = await Store(pool).people(experience, [_email(row) for row in range(2, BATCH + 2)])
    assert len(people.learners) == BATCH // 2
    assert await Touched(dsn).rows() - before < 20 * BATCH


@pytest.mark.parametrize("statistics", [KNOWN, UNKNOWN])
@pytest.mark.parametrize("walk", ["records_to_approve", "records_to_index", "unanswered_approvals", "kept_rows"])
async def test_walking_through_an_import_reads_each_record_once(
    database: NewDatabase, statistics: str, walk: str
) -> None:
    dsn, import_id = await database("intake"), uuid.uuid4()
    await _fill(dsn, f"""
        alter table records set (autovacuum_enabled = off);
        insert into records (import_id, row, email_key, status, plan, cells, values)
        select '{import_id}', n + 1, 'p' || n, 'ready', 'create', '[]', '{{}}' from generate_series(1, {THERE}) n;
        {statistics}""")  # fmt: skip
    before = await Touched(dsn).rows()
    async with open_pool(dsn, "intake") as pool:
        row = met = 0
        while batch := await _batch(pool, walk, import_id=import_id, after=row):
            row, met = batch[-1], met + len(batch)
    assert met == THERE
    assert await Touched(dsn).rows() - before < 4 * THERE


@pytest.mark.parametrize("statistics", [KNOWN, UNKNOWN])
async def test_looking_for_the_records_of_outcomes_does_not_walk_through_the_import(
    database: NewDatabase, statistics: str
) -> None:
    dsn, import_id = await database("intake"), uuid.uuid4()
    await _fill(dsn, f"""
        alter table records set (autovacuum_enabled = off);
        insert into records (import_id, row, email_key, status, plan, cells, values)
        select '{import_id}', 2 * n, 'p' || n, 'ready', 'create', '[]', '{{}}' from generate_series(1, {THERE}) n;
        {statistics}""")  # fmt: skip
    before = await Touched(dsn).rows()
    asked = {"import_ids": [import_id] * BATCH, "rows": list(range(2, BATCH + 2))}
    async with open_pool(dsn, "intake") as pool:
        without = [record["row"] async for record in queries.results_without_record(pool, **asked)]
    assert without == list(range(3, BATCH + 2, 2))
    assert await Touched(dsn).rows() - before < 4 * BATCH


@pytest.mark.parametrize("statistics", [KNOWN, UNKNOWN])
async def test_keeping_what_became_of_mails_does_not_walk_through_those_of_the_import(
    database: NewDatabase, statistics: str
) -> None:
    dsn, import_id = await database("intake"), uuid.uuid4()
    await _fill(dsn, f"""
        alter table record_emails set (autovacuum_enabled = off);
        with e as (insert into experiences (name) values ('x') returning id),
            u as (insert into users (email_key, email) values ('a@b.edu', 'a@b.edu') returning email_key)
        insert into imports (id, experience_id, type, status, emails, file_name, file_size, file_sha256, file_path, submitted_by)
        select '{import_id}', e.id, 'x', 'finished', 'send', 'x', 1, 'x', 'x', u.email_key from e, u;
        insert into record_emails (import_id, row, status, at)
        select '{import_id}', n, 'failed', now() from generate_series(1, {THERE}) n;
        {statistics}""")  # fmt: skip
    before = await Touched(dsn).rows()
    events = [
        EmailSettled(import_id=str(import_id), kind=EmailKind.WELCOME, status=EmailStatus.SENT, at=iso(now()), row=row)
        for row in range(1, BATCH + 1)
    ]
    async with open_pool(dsn, "intake") as pool:
        settings = Settings(database_url=SecretStr(dsn), file_store_url="file:///nowhere")
        deps = Deps(
            pool=pool,
            publisher=cast(Publisher, None),
            file_store=cast(FileStore, None),
            settings=settings,
            **ALL_ANSWERED,
        )
        await keep_emails(deps, events)
        assert await pool.fetchval("select emails_sent from imports") == BATCH
    assert await Touched(dsn).rows() - before < 8 * BATCH


@pytest.mark.parametrize("statistics", [KNOWN, UNKNOWN])
async def test_asking_for_mails_again_reads_each_record_once(database: NewDatabase, statistics: str) -> None:
    dsn, import_id = await database("intake"), uuid.uuid4()
    await _fill(dsn, f"""
        alter table records set (autovacuum_enabled = off);
        alter table record_results set (autovacuum_enabled = off);
        alter table record_emails set (autovacuum_enabled = off);
        insert into records (import_id, row, email_key, status, plan, cells, values)
        select '{import_id}', n + 1, 'p' || n, 'ready', 'create', '[]', '{{}}' from generate_series(1, {THERE}) n;
        insert into record_results (import_id, row, outcome, at)
        select import_id, row, 'created', now() from records;
        insert into record_emails (import_id, row, status, at)
        select import_id, row, 'sent', now() from records where row % 2 = 0;
        {statistics}""")  # fmt: skip
    before = await Touched(dsn).rows()
    async with open_pool(dsn, "intake") as pool:
        row = met = 0
        while batch := [
            record["row"]
            async for record in queries.created_without_mail(pool, import_id=import_id, after=row, most=BATCH)
        ]:
            row, met = batch[-1], met + len(batch)
    assert met == THERE // 2
    assert await Touched(dsn).rows() - before < 8 * THERE


@pytest.mark.parametrize("statistics", [KNOWN, UNKNOWN])
async def test_what_somebody_did_is_found_without_walking_through_the_audit_log(
    database: NewDatabase, statistics: str
) -> None:
    dsn, experience = await database("intake"), uuid.uuid4()
    await _fill(dsn, f"""
        alter table audit_log set (autovacuum_enabled = off);
        insert into audit_log (email_key, action, experience_id)
        select case when n % 10000 = 1 then 'ada' else 'p' || n % 7 end, 'records.downloaded',
            case when n % 10000 = 2 then '{experience}'::uuid else gen_random_uuid() end from generate_series(1, {THERE}) n;
        {statistics}""")  # fmt: skip
    before = await Touched(dsn).rows()
    async with open_pool(dsn, "intake") as pool:
        for asked in (AskedActions(who="ada"), AskedActions(experience_id=experience)):
            assert len(await list_actions(pool, asked, after=None, limit=51)) == THERE // 10_000
        assert len(await list_actions(pool, AskedActions(), after=None, limit=51)) == 51
    assert await Touched(dsn).rows() - before < BATCH


async def _batch(pool: asyncpg.Pool, walk: str, *, import_id: uuid.UUID, after: int) -> list[int]:
    places = {
        "kept_rows": {"first": after + 1, "last": after + BATCH},
        "records_to_index": {"after": after, "most": BATCH},
    }.get(walk, {"after": after, "upto": LAST_ROW, "most": BATCH})
    async with pool.acquire() as connection:
        return [record["row"] async for record in getattr(queries, walk)(connection, import_id=import_id, **places)]


async def _fill(dsn: str, statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


def _email(row: int) -> str:
    """Every other one is known."""
    return f"p{row}@school.org" if row % 2 else f"new{row}@school.org"


def _approval(experience: str, row: int) -> RecordApproved:
    return RecordApproved(
        import_id="0192f0c4-7a31-4c55-9e5f-3f1b2a6d7e80", experience_id=experience, type="experience-learners", row=row,
        email_key=_email(row), values={"email": _email(row), "first_name": "", "last_name": ""}, plan=Plan.CREATE,
    )  # fmt: skip
