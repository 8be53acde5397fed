"""Looking for what is due costs the same however much waits, and what is measured is right. Counted by Postgres, not timed."""

import uuid
from collections.abc import Awaitable, Callable

import pytest
from prometheus_client import REGISTRY

from services.intake.webhooks.measure_webhooks import measure_webhooks
from services.intake.webhooks.webhook_queries import queries
from tests.integration.test_flat_cost import KNOWN, UNKNOWN, Touched, _fill, open_pool

WAITING = 20_000
DUE, LATER = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.mark.parametrize("statistics", [KNOWN, UNKNOWN])
async def test_long_queues_and_long_logs_cost_nothing(
    database: Callable[[str], Awaitable[str]], statistics: str
) -> None:
    dsn = await database("intake")
    await _fill(dsn, f"""
        alter table webhook_deliveries set (autovacuum_enabled = off);
        insert into experiences (id, name) values ('{DUE}', 'Spring');
        insert into webhooks (id, experience_id, url, events, secret)
        select id, '{DUE}', '', '{{}}', '' from unnest(array['{DUE}', '{LATER}']::uuid[]) id;
        insert into webhook_deliveries (webhook_id, event_id, type, body, status, next_at, created_at)
        select w.id, n, '', '', case when n % 200 = 0 then 'delivered' else 'waiting' end,
            now() + case w.id when '{DUE}' then interval '-5 s' else interval '1 h' end, now() - interval '1 h'
        from webhooks w, generate_series(1, {WAITING}) n;
        {statistics}""")  # fmt: skip
    before = await Touched(dsn).rows()
    async with open_pool(dsn, "intake") as pool:
        owner = uuid.uuid4()
        claimed = queries.claim_webhooks(pool, owner=owner, lease_seconds=30.0, most=32, held=[])
        assert [row["id"] async for row in claimed] == [DUE]
        assert await queries.next_delivery(pool, id=DUE, owner=owner, lease_seconds=30.0)
        await measure_webhooks(pool).measure()
        await queries.trim_deliveries(pool, id=DUE, keep=100)
    assert await Touched(dsn).rows() - before < 1000
    assert 3600 <= (REGISTRY.get_sample_value("rollcall_webhook_oldest_seconds") or 0) < 3700
    assert 5 <= (REGISTRY.get_sample_value("rollcall_webhook_late_seconds") or 0) < 100
