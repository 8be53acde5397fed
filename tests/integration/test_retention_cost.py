"""Retention costs as much as there is to remove, however much is kept. Counted by Postgres, not timed."""

import uuid
from typing import Any, cast

import pytest
from pydantic import SecretStr

from services.intake import retention as intake
from services.intake.deps import Deps
from services.intake.settings import Settings as IntakeSettings
from services.notifier import retention as notifier
from services.notifier.settings import Settings as NotifierSettings
from services.provisioner import retention as provisioner
from services.provisioner.settings import Settings as ProvisionerSettings
from services.validator import retention as validator
from services.validator.settings import Settings as ValidatorSettings
from shared.postgres.retention import Limit, apply_once
from tests.integration.intake.answers import ALL_ANSWERED
from tests.integration.test_flat_cost import NewDatabase, Touched, open_pool
from tests.integration.test_flat_cost import _fill as fill

KEPT = 20_000
NOTHING: Any = None
YOUNG = {
    "intake": f"""
        with e as (insert into experiences (name) values ('x') returning id),
            u as (insert into users (email_key, email) values ('a@b.edu', 'a@b.edu') returning email_key)
        insert into imports (id, experience_id, type, status, emails, file_name, file_size, file_sha256, file_path,
            submitted_by, ready_at, finished_at, searchable)
        select gen_random_uuid(), e.id, 'x', case n % 2 when 0 then 'finished' else 'ready' end, 'send', 'x', 1, 'x', 'x',
            u.email_key, now(), now(), true
        from e, u, generate_series(1, {KEPT}) n;
        insert into audit_log (email_key, action) select 'a@b.edu', 'x' from generate_series(1, {KEPT});
        insert into records (import_id, row, email_key, status, plan, cells, values)
        select '{uuid.uuid4()}', n, '', 'ready', 'create', '[]', '{{}}' from generate_series(1, {KEPT}) n;""",
    "validator": f"""
        insert into seen select '{uuid.uuid4()}', decode(lpad(to_hex(n), 32, '0'), 'hex'), n from generate_series(1, {KEPT}) n;
        insert into forgotten_imports select gen_random_uuid() from generate_series(1, {KEPT});
        insert into known_accounts select 'p' || n, n % 2 = 0, now() from generate_series(1, {KEPT}) n;
        insert into known_memberships select '{uuid.uuid4()}', 'p' || n, n % 2 = 0, now() from generate_series(1, {KEPT}) n;""",
    "provisioner": f"""
        insert into results select '{uuid.uuid4()}', n, 'x' from generate_series(1, {KEPT}) n;
        insert into cancelled_imports select gen_random_uuid() from generate_series(1, {KEPT});""",
    "notifier": f"""
        insert into emails (id, kind, import_id, account_id, row, address, first_name, last_name, status, settled_at)
        select n, 'welcome', '{uuid.uuid4()}', n, n, 'a@b.edu', '', '',
            case n % 2 when 0 then 'sent' else 'held' end, case n % 2 when 0 then now() end
        from generate_series(1, {KEPT}) n;""",
}


def limits_of(service: str, dsn: str, pool: Any) -> list[Limit]:
    url = SecretStr(dsn)
    match service:
        case "intake":
            settings = IntakeSettings(database_url=url, file_store_url="file:///nowhere")
            deps = Deps(pool=pool, publisher=NOTHING, file_store=NOTHING, settings=settings, **ALL_ANSWERED)
            return list(intake.limits(deps))
        case "validator":
            return list(validator.limits(ValidatorSettings(database_url=url)))
        case "provisioner":
            return list(provisioner.limits(ProvisionerSettings(database_url=url)))
    return list(notifier.limits(NotifierSettings(database_url=url)))


@pytest.mark.parametrize("service", YOUNG)
@pytest.mark.parametrize("statistics", ["analyze", "select"])
async def test_a_round_with_nothing_to_do_walks_through_nothing(
    database: NewDatabase, service: str, statistics: str
) -> None:
    dsn = await database(service)
    await fill(dsn, f"{YOUNG[service]} {statistics}")
    before = await Touched(dsn).rows()
    async with open_pool(dsn, service) as pool:
        limits = limits_of(service, dsn, pool)
        async with pool.acquire() as connection:
            assert set((await apply_once(cast(Any, connection), limits)).values()) == {0}
            for limit in limits:
                await limit.oldest(connection)
    assert await Touched(dsn).rows() - before < 500
