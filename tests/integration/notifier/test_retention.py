"""To whom mails went is forgotten; that they went is not, so nobody gets another."""

import uuid

import pytest
from pydantic import SecretStr

from services.notifier.deliver import LEASE
from services.notifier.mails import NewMail, Resend
from services.notifier.retention import NEVER_SENT, limits
from services.notifier.settings import Settings
from shared.postgres.retention import apply_once

IMPORT = uuid.uuid4()


def mail(account):
    return NewMail(
        f"welcome.{account}.{IMPORT}", "welcome", IMPORT, account, account, f"p{account}@x.org", "Ada", "Lee"
    )


@pytest.fixture
async def queue(pool, store):
    """Three welcome mails of one import."""
    await pool.execute("insert into imports (id, policy) values ($1, 'send')", IMPORT)
    await store.queue_welcomes([mail(account) for account in (1, 2, 3)])
    return pool


async def become(pool, account, status, *, days):
    await pool.execute(
        "update emails set status = $2, next_attempt_at = now() - make_interval(days => $3),"
        " settled_at = case when $2 in ('sent', 'failed') then now() - make_interval(days => $3) end, told = true"
        " where account_id = $1",
        account, status, days,
    )  # fmt: skip


async def apply(pool):
    async with pool.acquire() as connection:
        return await apply_once(connection, limits(Settings(database_url=SecretStr("postgresql://"))))


async def test_addresses_of_old_mails_go_and_the_fact_told_again_sends_nothing(queue, store):
    await become(queue, 1, "sent", days=91)
    await become(queue, 2, "sent", days=89)
    assert await apply(queue) == {"addresses of mails": 1, "mails never sent": 0}
    rows = await queue.fetch("select address, first_name, last_name, status from emails order by account_id")
    assert tuple(rows[0]) == ("", "", "", "sent")
    assert [row["address"] for row in rows[1:]] == ["p2@x.org", "p3@x.org"]
    assert await store.queue_welcomes([mail(1)]) == 0
    assert [found.account_id for found in await store.claim(uuid.uuid4(), most=9, lease=LEASE)] == [3]


async def test_a_failed_mail_whose_address_is_forgotten_is_told_as_failed_again_and_not_sent(queue, store):
    await become(queue, 1, "failed", days=91)
    await become(queue, 2, "failed", days=1)
    await apply(queue)
    before = await queue.fetchval("select settled_at from emails where account_id = 1")
    assert await store.queue_failed(Resend(f"{IMPORT}/ImportEmailsResent/1", IMPORT)) == 1
    again = await queue.fetchrow("select * from emails where account_id = 1")
    assert (again["status"], again["told"], again["settled_at"] > before) == ("failed", False, True)
    assert sorted(m.account_id for m in await store.claim(uuid.uuid4(), most=9, lease=LEASE)) == [2, 3]


async def test_mails_kept_back_for_too_long_are_not_sent_any_more_and_told(queue, store):
    await become(queue, 1, "held", days=181)
    await become(queue, 2, "held", days=179)
    assert (await apply(queue))["mails never sent"] == 1
    assert [(row["account_id"], row["status"], row["reason"]) for row in await store.to_tell(9)] == [
        (1, "failed", NEVER_SENT)
    ]
    assert await store.release_held(IMPORT) == 1
