"""What happens to an import is told to the webhooks of its experience: once, signed, tried again while it has to be."""

import asyncio
import uuid
from collections.abc import Mapping

import asyncpg
from standardwebhooks import Webhook as Library

from services.intake.states import Turn
from services.intake.take_turn import take_turn
from services.intake.users.people import create_experience
from services.intake.webhooks.addresses import Allowed, Guard
from services.intake.webhooks.payload import WebhookEvent
from services.intake.webhooks.post import Answer, Poster, SendError
from services.intake.webhooks.register import guard_of
from services.intake.webhooks.settle import settle
from services.intake.webhooks.webhook import OffReason, Webhook
from services.intake.webhooks.webhook_queries import queries
from tests.integration.intake.sign_in.site import ADMINISTRATOR
from tests.integration.intake.webhooks.receiver import receiving, silence, status
from tests.integration.intake.webhooks.world import World, until


class StopsAfterSending(Poster):
    """As in a process that is killed right then."""

    def __init__(self, guard: Guard) -> None:
        super().__init__(guard)
        self.sent = asyncio.Event()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        await super().post(url, body, headers)
        self.sent.set()
        await asyncio.Event().wait()
        raise AssertionError("never")


async def test_a_completed_import_is_told_with_its_counts_and_a_signature_that_a_library_believes(world: World) -> None:
    async with receiving() as receiver, world.sending():
        webhook, secret = await world.webhook(receiver.url("/hook?x=1"), WebhookEvent.COMPLETED)
        import_id = await world.completed()
        await until(lambda: receiver.received)
        [request] = receiver.received
        assert request.line == "POST /hook?x=1 HTTP/1.1"
        assert request.headers["content-type"] == "application/json"
        told = Library(secret).verify(request.body, request.headers)
        assert (told["type"], request.id) == ("import.completed", f"{import_id}/ImportCompleted")
        assert told["data"]["review_url"] == f"http://rollcall.test/imports/{import_id}"
        assert set(told["data"]) == {
            "import_id", "import_type", "experience_id", "experience_name", "file_name", "counts", "review_url",
        }  # fmt: skip
        assert told["data"]["counts"]["rows"] == 0
        assert ADMINISTRATOR not in request.body.decode()
        [attempt] = await until(lambda: world.log(webhook))
        assert (attempt.http_status, attempt.next_at, attempt.type) == (204, None, "import.completed")


async def test_each_webhook_gets_what_it_wants_of_its_own_experience_once(world: World) -> None:
    async with receiving() as both, receiving() as one:
        await world.webhook(both.url())
        await world.webhook(one.url(), WebhookEvent.READY)
        await world.ready(await create_experience(world.pool, "Other", by=ADMINISTRATOR))
        import_id = await world.completed()
        async with world.sending(), world.sending():
            await until(lambda: len(both.received) + len(one.received) == 3)
            await until(lambda: _settled(world))
        assert [request.id for request in both.received] == [f"{import_id}/ImportReady", f"{import_id}/ImportCompleted"]
        assert [request.id for request in one.received] == [f"{import_id}/ImportReady"]


async def test_what_is_taken_back_is_not_told(world: World) -> None:
    async with receiving() as receiver:
        await world.webhook(receiver.url())
        import_id = await world.submit()
        async with world.pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await take_turn(connection, import_id, Turn.READ, base_url="")
            await take_turn(connection, import_id, Turn.CHECK_LAST, base_url="")
            assert await connection.fetchval("select count(*) from webhook_deliveries") == 1
            await transaction.rollback()
        assert await world.waiting() == []


async def test_a_failure_is_tried_again_with_the_same_id_and_a_signature_of_its_own_time(world: World) -> None:
    async with receiving(status(500), status(503), status(200)) as receiver, world.sending(dice=lambda: 0.0):
        webhook, secret = await world.webhook(receiver.url(), WebhookEvent.READY)
        await world.ready()
        for tries in (1, 2):
            await until(lambda tries=tries: _log_has(world, webhook, tries))
            assert (await world.found(webhook)).failing_since
            await world.time_passes("1 minute")
        await until(lambda: _settled(world))
        assert len({request.id for request in receiver.received}) == 1
        assert all(Library(secret).verify(request.body, request.headers) for request in receiver.received)
        log = await world.log(webhook)
        assert [attempt.http_status for attempt in log] == [200, 503, 500]
        first, second = log[2], log[1]
        assert first.next_at
        assert second.next_at
        assert round((first.next_at - first.at).total_seconds()) == 5
        assert round((second.next_at - second.at).total_seconds()) == 15
        assert (await world.found(webhook)).failing_since is None


async def test_after_three_days_a_delivery_has_failed_and_the_webhook_stays_on(world: World) -> None:
    async with receiving(status(500)) as receiver, world.sending():
        webhook, _ = await world.webhook(receiver.url(), WebhookEvent.READY)
        await world.ready()
        await until(lambda: _log_has(world, webhook, 1))
        await world.time_passes("3 days")
        await until(lambda: _settled(world))
        assert await _log_has(world, webhook, 2)
        assert await world.statuses() == ["failed"]
        assert (await world.log(webhook))[0].next_at is None
        assert (await world.found(webhook)).is_on


async def test_a_webhook_that_fails_for_days_is_switched_off_and_what_waits_is_given_up(world: World) -> None:
    async with receiving(status(500)) as receiver, world.sending():
        webhook, _ = await world.webhook(receiver.url(), WebhookEvent.READY)
        await world.ready()
        await until(lambda: _log_has(world, webhook, 1))
        await world.ready()
        await world.time_passes("6 days")
        await until(lambda: _is_off(world, webhook))
        assert (await world.found(webhook)).off_reason is OffReason.FAILING
        assert set(await world.statuses()) == {"failed"}
        await world.ready()
        assert await world.waiting() == []  # nothing is kept for one that is off
        await world.own(webhook).switch(on=True)
        assert (await world.found(webhook)).failing_since is None


async def test_a_server_that_says_gone_is_not_asked_again(world: World) -> None:
    async with receiving(status(410)) as receiver, world.sending():
        webhook, _ = await world.webhook(receiver.url(), WebhookEvent.READY)
        await world.ready()
        await until(lambda: _is_off(world, webhook))
        assert (await world.found(webhook)).off_reason is OffReason.GONE
        assert await world.statuses() == ["failed"]


async def test_a_silent_server_holds_up_nobody(world: World) -> None:
    async with receiving(silence) as silent, receiving() as quick, world.sending(seconds=28):
        held_up, _ = await world.webhook(silent.url(), WebhookEvent.READY)
        await world.webhook(quick.url(), WebhookEvent.READY)
        for _ in range(5):
            await world.ready()
        await until(lambda: len(quick.received) == 5 and silent.received, seconds=27)
        assert len(silent.received) == 1  # one at a time
        assert await world.log(held_up) == []  # it still keeps us waiting


async def test_a_process_that_stood_still_sends_once_what_it_is_sending(world: World) -> None:
    async with receiving(silence) as silent, receiving() as quick, world.sending():
        await world.webhook(silent.url(), WebhookEvent.READY)
        await world.webhook(quick.url(), WebhookEvent.READY)
        await world.ready()
        await until(lambda: quick.received and silent.received)
        await world.time_passes("1 hour")
        for number in (2, 3):  # it looks for work again
            await world.ready()
            await until(lambda number=number: len(quick.received) == number)
        assert len(silent.received) == 1


async def test_a_process_killed_between_sending_and_noting_it_leaves_it_to_another_with_the_same_id(
    world: World,
) -> None:
    async with receiving() as receiver:
        await world.webhook(receiver.url(), WebhookEvent.READY)
        await world.ready()
        poster = StopsAfterSending(guard_of(world.site.deps))
        async with world.sending(poster):
            await poster.sent.wait()
            await world.pool.execute("update webhooks set lease_owner = $1", uuid.uuid4())  # a kill gives nothing back
        async with world.sending():
            await asyncio.sleep(1.5)
            assert len(receiver.received) == 1  # its lease is kept
            await world.time_passes("1 minute")
            await until(lambda: _settled(world))
        first, second = receiver.received
        assert (first.id, first.body) == (second.id, second.body)


async def test_of_two_that_settle_the_same_attempt_the_first_is_right(world: World) -> None:
    webhook, _ = await _with_one_waiting(world)
    delivery = await _claimed(world)
    await settle(world.pool, delivery, Answer(status=200), dice=0.0)
    await settle(world.pool, delivery, Answer(error=SendError.TIMEOUT), dice=0.0)  # by one whose lease had ended
    assert [attempt.http_status for attempt in await world.log(webhook)] == [200]
    assert await world.statuses() == ["delivered"]
    assert (await world.found(webhook)).failing_since is None


async def test_an_import_goes_on_while_a_webhook_is_deleted(world: World) -> None:
    webhook, _ = await _with_one_waiting(world)
    async with world.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("delete from webhooks where id = $1", webhook.id)
        turning = asyncio.create_task(world.ready())
        assert not (await asyncio.wait([turning], timeout=0.5))[0]  # waits for how the deletion ends
        await transaction.commit()
    await turning
    assert await world.statuses() == []


async def test_what_was_queued_while_a_webhook_was_switched_off_is_not_sent(world: World) -> None:
    async with receiving() as receiver:
        webhook, _ = await world.webhook(receiver.url())
        await world.own(webhook).switch(on=False)
        await world.pool.execute(
            "insert into webhook_deliveries (webhook_id, event_id, type, body) values ($1, 'x', 'import.ready', '{}')", webhook.id
        )  # fmt: skip
        async with world.sending():
            await until(lambda: _settled(world))
        assert (await world.statuses(), receiver.connections) == (["failed"], 0)


async def test_an_address_that_became_internal_gets_nothing_and_is_said_in_the_log(world: World) -> None:
    async with receiving() as receiver:
        webhook, _ = await world.webhook(receiver.url(), WebhookEvent.READY)
        await world.ready()
        async with world.sending(Poster(Guard(Allowed()))):
            [attempt] = await until(lambda: world.log(webhook))
        assert (attempt.http_status, attempt.error) == (None, "no_public_address")
        assert attempt.next_at
        assert receiver.connections == 0


async def test_a_test_is_sent_once_and_not_again_when_it_fails(world: World) -> None:
    async with receiving(status(500)) as receiver, world.sending():
        webhook, secret = await world.webhook(receiver.url())
        await world.own(webhook).send_test()
        [attempt] = await until(lambda: world.log(webhook))
        assert (attempt.type, attempt.next_at, await world.statuses()) == ("webhook.test", None, ["failed"])
        told = Library(secret).verify(receiver.received[0].body, receiver.received[0].headers)
        assert told["data"] == {"experience_id": str(world.experience), "webhook_id": str(webhook.id)}


async def test_with_a_new_secret_both_sign_for_a_day(world: World) -> None:
    async with receiving() as receiver, world.sending():
        webhook, old = await world.webhook(receiver.url())
        new = await world.own(webhook).replace_secret()
        await world.own(webhook).send_test()
        await until(lambda: receiver.received)
        for secret in (old, new):
            Library(secret).verify(receiver.received[0].body, receiver.received[0].headers)
        await until(lambda: _settled(world))
        await world.time_passes("25 hours")
        await world.own(webhook).send_test()
        await until(lambda: len(receiver.received) == 2)
        assert len(receiver.received[1].headers["webhook-signature"].split()) == 1
        Library(new).verify(receiver.received[1].body, receiver.received[1].headers)


async def test_the_log_and_what_was_delivered_stay_bounded(world: World) -> None:
    async with receiving() as receiver, world.sending(), world.sending():
        webhook, _ = await world.webhook(receiver.url())
        await world.pool.execute(
            "insert into webhook_deliveries (webhook_id, event_id, type, body) select $1, n, 'import.ready', '{}' "
            "from generate_series(1, 130) n", webhook.id,
        )  # fmt: skip
        await until(lambda: _settled(world))
        assert sorted(int(request.id) for request in receiver.received) == list(
            range(1, 131)
        )  # two processes, once each
        assert len(await world.log(webhook)) == 100
        assert await world.pool.fetchval("select count(*) from webhook_attempts") == 100
        assert await world.pool.fetchval("select count(*) from webhook_deliveries") == 100


async def _with_one_waiting(world: World) -> tuple[Webhook, str]:
    registered = await world.webhook("http://127.0.0.1:9/", WebhookEvent.READY)
    await world.ready()
    return registered


async def _claimed(world: World) -> asyncpg.Record:
    owner = uuid.uuid4()
    claimed = queries.claim_webhooks(world.pool, owner=owner, lease_seconds=30.0, most=1, held=[])
    [row] = [row async for row in claimed]
    return await queries.next_delivery(world.pool, id=row["id"], owner=owner, lease_seconds=30.0)


async def _settled(world: World) -> bool:
    return not await world.waiting()


async def _log_has(world: World, webhook: Webhook, tries: int) -> bool:
    return len(await world.log(webhook)) >= tries


async def _is_off(world: World, webhook: Webhook) -> bool:
    return not (await world.found(webhook)).is_on
