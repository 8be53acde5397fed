"""What became of mails is told to others, at least once and always the same."""

import asyncio
from contextlib import suppress

import pytest
from aiokafka.errors import KafkaTimeoutError

from services.notifier.mails import Settlement, import_facts, welcome_mails
from services.notifier.store import Store
from services.notifier.tell import tell_settled
from shared.events import Codec, EmailSettled, LifecycleType
from tests.integration.notifier.conftest import eventually
from tests.unit.notifier.builders import changed, provisioned


class Topic:
    """Keeps what is published; the first publishings may fail, before or after the broker has them."""

    def __init__(self, *troubles):
        self.events = []
        self._troubles = list(troubles)

    async def publish(self, topic, messages):
        trouble = self._troubles.pop(0) if self._troubles else None
        if trouble != "refused":
            self.events += [Codec(EmailSettled).decode(message.value) for message in messages]
        if trouble:
            raise KafkaTimeoutError


class KilledStore(Store):
    """Belongs to a process that dies after the acknowledgement."""

    async def mark_told(self, told):
        raise RuntimeError("killed")


@pytest.fixture
async def three_settled(store, pool):
    facts, _, _ = import_facts([changed()])
    await store.keep_imports(facts, [])
    await store.queue_welcomes(welcome_mails([provisioned(n, n + 1) for n in (1, 2, 3)])[0])
    await pool.execute("update emails set status = 'sent', settled_at = clock_timestamp(), sender = gen_random_uuid()")


async def tell_all(store, topic, emails):
    async def all_told():
        return all(await emails("told"))

    telling = asyncio.create_task(tell_settled(store, topic, asyncio.Event()))
    await eventually(all_told)
    telling.cancel()
    with suppress(asyncio.CancelledError):
        await telling


@pytest.mark.usefixtures("three_settled")
@pytest.mark.parametrize(("troubles", "copies"), [((), 1), (("refused",), 1), (("lost",), 2)])
async def test_every_settled_mail_is_told_whatever_happens_to_the_broker(store, emails, troubles, copies):
    topic = Topic(*troubles)
    await tell_all(store, topic, emails)
    assert sorted(event.account_id for event in topic.events) == sorted([1, 2, 3] * copies)
    assert {event.status for event in topic.events} == {"sent"}


@pytest.mark.usefixtures("three_settled")
async def test_a_process_that_dies_before_it_notes_it_tells_the_same_again(pool, store, emails):
    topic = Topic()
    with pytest.raises(RuntimeError):
        await tell_settled(KilledStore(pool), topic, asyncio.Event())
    await tell_all(store, topic, emails)
    first, again = topic.events[:3], topic.events[3:]
    assert first == again


@pytest.mark.usefixtures("three_settled")
async def test_a_doubtful_mail_whose_sender_comes_back_with_the_answer_is_told_anew(pool, store, emails):
    await pool.execute("update emails set status = 'doubtful', told = true where account_id = 1")
    mail_id, sender = await pool.fetchrow("select id, sender from emails where account_id = 1")
    await store.settle([Settlement(mail_id, "sent")], sender)
    topic = Topic()
    await tell_all(store, topic, emails)
    assert [(event.account_id, event.status) for event in topic.events][-1] == (1, "sent")


@pytest.mark.usefixtures("three_settled")
async def test_what_was_settled_anew_meanwhile_is_not_marked_as_told(pool, store, emails):
    rows = await store.to_tell(10)
    await pool.execute("update emails set settled_at = clock_timestamp() where account_id = 1")
    await store.mark_told([(row["id"], row["settled_at"]) for row in rows])
    assert await emails("told") == [False, True, True]


@pytest.mark.usefixtures("three_settled")
async def test_whoever_asks_for_a_settled_mail_again_is_told_what_became_of_it_in_the_same_words(store, emails):
    topic = Topic()
    await tell_all(store, topic, emails)
    await store.queue_welcomes(welcome_mails([provisioned(n, n + 1) for n in (2, 3, 4)])[0])
    assert await emails("told") == [True, False, False, False]
    again = Topic()
    telling = asyncio.create_task(tell_settled(store, again, asyncio.Event()))
    await eventually(lambda: two_told(again))
    telling.cancel()
    assert again.events == topic.events[1:]
    assert await emails() == {"sent": 3, "queued": 1}


async def two_told(topic):
    return len(topic.events) == 2


async def test_the_end_of_an_import_told_again_tells_its_finish_mail_again(pool, store, emails):
    facts, finishes, _ = import_facts([changed(LifecycleType.COMPLETED)])
    await store.keep_imports(facts, finishes)
    await pool.execute("update emails set status = 'sent', settled_at = clock_timestamp(), told = true")
    await store.keep_imports(facts, finishes)
    assert await emails("told") == [False]
    assert await emails() == {"sent": 1}
