"""One person's mails: what went is forgotten, what did not go does not go, what is on its way here finds its mail settled."""

import uuid

import pytest

from services.notifier.deliver import LEASE
from services.notifier.erase_person import REASON, Created, erase_person
from services.notifier.mails import NewMail
from shared.erasure import Deed, Person

ADA = Person.of("ada@bücher.example")
IMPORT, SENDER = uuid.uuid4(), uuid.uuid4()


def mail(account, address="ada@bücher.example"):
    return NewMail(f"welcome.{account}.{IMPORT}", "welcome", IMPORT, account, account, address, "Ada", "Lee")


@pytest.fixture
async def queue(pool):
    await pool.execute("insert into imports (id, policy) values ($1, 'hold')", IMPORT)
    return pool


async def erase(pool, created=()):
    async with pool.acquire() as connection:
        return [(line.deed, line.count) for line in await erase_person(connection, ADA, created)]


async def test_a_mail_that_is_held_back_is_not_sent_when_all_are_released(queue, store):
    await store.queue_welcomes([mail(1), mail(2, "bob@x.org"), mail(3, "ADA@xn--bcher-kva.example")])
    assert await erase(queue) == [(Deed.ERASED, 2)]
    assert await store.release_held(IMPORT) == 1
    assert [found.address for found in await store.claim(SENDER, most=9, lease=LEASE)] == ["bob@x.org"]
    assert {(row["account_id"], row["reason"]) for row in await store.to_tell(9)} == {(1, REASON), (3, REASON)}
    assert await erase(queue) == []


async def test_a_mail_that_went_stays_known_without_its_address(queue, store):
    await store.queue_welcomes([mail(1)])
    await queue.execute("update emails set status = 'sent', settled_at = now(), told = true")
    await erase(queue)
    row = await queue.fetchrow("select status, told, address || first_name || last_name as person from emails")
    assert tuple(row) == ("sent", True, "")


async def test_a_mail_in_hand_is_left_for_the_next_time(queue, store):
    await store.queue_welcomes([mail(1)])
    await store.release_held(IMPORT)
    await store.claim(SENDER, most=9, lease=LEASE)
    assert await erase(queue) == [(Deed.LEFT, 1)]
    await store.give_back(SENDER)
    assert await erase(queue) == [(Deed.ERASED, 1)]


async def test_a_result_that_comes_after_the_erasure_queues_no_mail(queue, store):
    assert await erase(queue, [Created(str(IMPORT), 2, 1)]) == []
    assert await store.queue_welcomes([mail(1)]) == 0
    assert await queue.fetchval("select address from emails") == ""


async def test_all_mails_are_looked_at_however_many(queue, store, monkeypatch):
    monkeypatch.setattr("services.notifier.erase_person._AT_ONCE", 3)
    await store.queue_welcomes([mail(number, f"p{number}@x.org") for number in range(10, 20)] + [mail(99)])
    assert await erase(queue) == [(Deed.ERASED, 1)]
