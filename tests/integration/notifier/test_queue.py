"""From events to the queue: one mail per fact, in whatever order and however often the facts are told."""

import asyncio
import itertools
import random
from uuid import UUID

import pytest

from services.notifier.consumers import Deps, on_imports_changed, on_records_provisioned
from services.notifier.mails import welcome_mails
from services.notifier.store import MAILS_AT_ONCE
from shared.events import EmailPolicy, LifecycleType
from shared.kafka.consume import Batch
from tests.unit.notifier.builders import COUNTS, IMPORT, OTHER_IMPORT, changed, provisioned


@pytest.fixture
def tell(store):
    """Hand a batch of events to its handler."""
    deps = Deps(store=store, publisher=None, queued=asyncio.Event())

    async def tell(*events):
        handler = on_imports_changed if hasattr(events[0], "type") else on_records_provisioned
        batch = Batch(events=list(events), records=[None] * len(events))
        await handler(batch, deps)
        return batch

    return tell


def people(count, **changes):
    return [provisioned(n, n + 1, email=f"p{n}@example.edu", **changes) for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [(EmailPolicy.SEND, {"queued": 3}), (EmailPolicy.HOLD, {"held": 3}), (EmailPolicy.NONE, {})],
)
@pytest.mark.parametrize("results_first", [True, False])
async def test_the_policy_is_obeyed_whichever_comes_first(tell, emails, policy, expected, results_first):
    batches = [[changed(emails=policy)], people(3)]
    for batch in reversed(batches) if results_first else batches:
        await tell(*batch)
    assert await emails() == expected


async def test_welcomes_wait_for_their_import_alone(tell, emails):
    await tell(*people(2), *people(3, import_id=OTHER_IMPORT))
    assert await emails() == {"waiting": 5}
    await tell(changed())
    assert await emails() == {"queued": 2, "waiting": 3}


async def test_the_finish_mail_goes_out_under_every_policy_and_once(tell, emails):
    for policy in EmailPolicy:
        for _ in range(2):
            await tell(changed(LifecycleType.COMPLETED, emails=policy))
    assert await emails("id") == [f"finish.{IMPORT}"]
    assert await emails() == {"queued": 1}


async def test_a_stopped_run_is_finished_like_any_other(tell, emails):
    await tell(changed(LifecycleType.STARTED))
    await tell(changed(LifecycleType.CANCELLING))
    assert await emails() == {}
    await tell(changed(LifecycleType.COMPLETED))
    assert await emails("address") == ["starter@example.edu"]


async def test_told_twice_changes_nothing(tell, emails):
    await tell(changed(), changed(LifecycleType.COMPLETED))
    for _ in range(2):
        await tell(*people(50))
    await tell(changed(), changed(LifecycleType.COMPLETED))
    assert await emails() == {"queued": 51}


async def test_a_batch_told_again_in_part_adds_the_rest(tell, emails):
    await tell(changed())
    await tell(*people(10))
    await tell(*people(25), *people(25))
    assert await emails() == {"queued": 25}


async def test_a_sent_mail_is_not_queued_again_by_its_event(tell, emails, pool):
    await tell(changed())
    await tell(*people(1))
    await pool.execute("update emails set status = 'sent'")
    await tell(*people(1))
    assert await emails() == {"sent": 1}


async def test_both_ways_of_writing_give_the_same_queue(store, tell, pool):
    await tell(changed())
    events = [provisioned(n * 7 % 40, n * 13 % 500) for n in range(100)]
    fresh = list({event.account_id: event for event in events}.values())
    query = (
        "select id, kind, import_id, account_id, row, address, first_name, last_name, status from emails order by id"
    )
    await store.queue_welcomes(welcome_mails(fresh)[0])
    copied = await pool.fetch(query)
    await pool.execute("delete from emails where row % 2 = 0")
    await store.queue_welcomes(welcome_mails(fresh)[0])
    assert await pool.fetch(query) == copied


async def test_results_and_lifecycle_at_once_leave_nobody_waiting(tell, emails):
    """Each import's first results race its start, many times."""
    imports = [str(UUID(int=n)) for n in range(1, 41)]

    async def race(import_id):
        await asyncio.gather(tell(*people(2, import_id=import_id)), tell(changed(import_id=import_id)))

    await asyncio.gather(*(race(import_id) for import_id in imports))
    assert await emails() == {"queued": 80}


async def test_batches_with_the_same_mails_in_another_order_do_not_block_each_other(tell, emails):
    await tell(changed())
    events = people(200)
    await asyncio.gather(*(tell(*random.sample(events, 200)) for _ in range(4)))
    assert await emails() == {"queued": 200}


async def test_what_cannot_be_followed_is_set_aside_and_the_rest_goes_on(tell, emails):
    await tell(changed())
    batch = await tell(provisioned(import_id="x"), *people(2), provisioned(None))
    assert set(batch.rejected) == {0, 3}
    assert await emails() == {"queued": 2}


async def test_an_old_start_told_again_keeps_the_counts(tell, pool):
    await tell(changed(LifecycleType.COMPLETED))
    await tell(changed(LifecycleType.STARTED))
    assert str(COUNTS["created"]) in await pool.fetchval("select counts::text from imports")


def holding(type_=LifecycleType.STARTED, **changes):
    return changed(type_, emails=EmailPolicy.HOLD, **changes)


async def test_mails_that_are_held_and_mails_that_come_later_are_queued_by_a_release(tell, emails):
    await tell(holding())
    await tell(*people(3), *people(2, import_id=OTHER_IMPORT))
    await tell(holding(import_id=OTHER_IMPORT))
    await tell(holding(LifecycleType.EMAILS_RELEASED))
    assert await emails() == {"queued": 3, "held": 2}
    await tell(*people(5))
    assert await emails() == {"queued": 5, "held": 2}


async def test_a_release_is_harmless_in_any_order_and_number(tell, emails, pool):
    turns = [holding(), holding(LifecycleType.EMAILS_RELEASED), holding(LifecycleType.COMPLETED)]
    for order in itertools.permutations([*turns, turns[1]]):
        for results_at in range(len(order) + 1):
            await pool.execute("delete from emails; delete from imports")
            for place, turn in enumerate([*order, None]):
                if place == results_at:
                    await tell(*people(2))
                if turn:
                    await tell(turn)
            assert await emails() == {"queued": 3}, (order, results_at)


async def test_a_release_told_again_does_not_send_what_was_sent(tell, emails, pool):
    await tell(holding())
    await tell(*people(2))
    await tell(holding(LifecycleType.EMAILS_RELEASED))
    await pool.execute("update emails set status = 'sent'")
    await tell(holding(LifecycleType.EMAILS_RELEASED))
    assert await emails() == {"sent": 2}


async def test_a_release_of_an_import_that_sends_none_sends_none(tell, emails):
    await tell(changed(emails=EmailPolicy.NONE))
    await tell(changed(LifecycleType.EMAILS_RELEASED, emails=EmailPolicy.NONE))
    await tell(*people(2))
    assert await emails() == {}


async def test_results_and_a_release_at_once_leave_nobody_held(tell, emails):
    """Each import's results race its release, many times."""
    imports = [str(UUID(int=n)) for n in range(1, 41)]
    await tell(*(holding(import_id=import_id) for import_id in imports))

    async def race(import_id):
        await asyncio.gather(
            tell(*people(2, import_id=import_id)), tell(holding(LifecycleType.EMAILS_RELEASED, import_id=import_id))
        )

    await asyncio.gather(*(race(import_id) for import_id in imports))
    assert await emails() == {"queued": 80}


async def test_more_held_mails_than_one_transaction_takes_are_all_released(tell, emails):
    await tell(holding())
    await tell(*people(MAILS_AT_ONCE + 50))
    await tell(holding(LifecycleType.EMAILS_RELEASED))
    assert await emails() == {"queued": MAILS_AT_ONCE + 50}


async def settled_as(pool, **accounts):
    """What became of mails, by account: `settled_as(pool, sent=1, failed=2)`."""
    for status, account in accounts.items():
        await pool.execute(
            "update emails set status = $1, settled_at = clock_timestamp(), told = true, attempts = 4, reason = '550 no',"
            " first_attempt_at = now() - interval '3 days' where account_id = $2",
            status, account,
        )  # fmt: skip


def resent(time=1, import_id=IMPORT):
    return changed(LifecycleType.EMAILS_RESENT, import_id=import_id, id=f"{import_id}/ImportEmailsResent/{time}")


async def test_only_mails_that_failed_are_tried_again_and_as_if_for_the_first_time(tell, pool):
    await tell(changed(), changed(import_id=OTHER_IMPORT))
    await tell(*people(4), provisioned(9, import_id=OTHER_IMPORT))
    await settled_as(pool, sent=1, failed=2, doubtful=3)
    await settled_as(pool, failed=9)
    await tell(resent())
    found = await pool.fetch(
        "select account_id, status, attempts, first_attempt_at, told from emails order by account_id"
    )
    assert tuple(found[1]) == (2, "queued", 0, None, False)
    assert [row["status"] for row in found] == ["sent", "queued", "doubtful", "queued", "failed"]


async def test_a_resend_told_again_leaves_what_failed_since_and_another_one_takes_it(tell, emails, pool):
    await tell(changed())
    await tell(*people(1))
    await settled_as(pool, failed=1)
    await tell(resent(1))
    await settled_as(pool, failed=1)
    await tell(resent(1), resent(1))
    assert await emails() == {"failed": 1}
    await tell(resent(2))
    assert await emails() == {"queued": 1}


async def test_a_finish_mail_is_not_sent_again(tell, emails, pool):
    await tell(changed(LifecycleType.COMPLETED))
    await pool.execute("update emails set status = 'failed', settled_at = now()")
    await tell(resent())
    assert await emails() == {"failed": 1}


async def test_a_resend_of_an_import_that_nobody_knows_is_harmless(tell, emails):
    batch = await tell(resent(), resent(import_id="x"))
    assert set(batch.rejected) == {1}
    assert await emails() == {}
