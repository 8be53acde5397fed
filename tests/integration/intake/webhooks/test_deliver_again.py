"""Delivering again: the same body under the same id, with days of its own, written down; and when it is refused."""

import asyncpg
import pytest

from services.intake.webhooks.payload import WebhookEvent
from services.intake.webhooks.post import Answer
from services.intake.webhooks.register import WebhookRefused
from services.intake.webhooks.settle import settle
from services.intake.webhooks.webhook import Attempt, Webhook, repeatable
from shared.clock import now
from tests.integration.intake.api.world import is_problem
from tests.integration.intake.webhooks.receiver import receiving, status
from tests.integration.intake.webhooks.test_administering import api
from tests.integration.intake.webhooks.world import World, until

NOBODY = "http://127.0.0.1:9/rollcall"
REFUSED, DELIVERED = Answer(status=500), Answer(status=200)


async def tried(world: World, answer: Answer = REFUSED) -> asyncpg.Record:
    """Settle what waits as if it had been sent and so answered."""
    [delivery] = await world.pool.fetch(
        "select *, extract(epoch from now() - created_at)::float8 as waited from webhook_deliveries where status = 'waiting'"
    )
    await settle(world.pool, delivery, answer, dice=0.0)
    return delivery


async def event_of(world: World, webhook: Webhook) -> str:
    return str(await world.pool.fetchval("select event_id from webhook_deliveries where webhook_id = $1", webhook.id))


async def test_what_was_delivered_comes_again_under_the_same_id(world: World) -> None:
    async with receiving() as receiver, world.sending():
        webhook, _ = await world.webhook(receiver.url(), WebhookEvent.READY)
        await world.ready()
        await until(lambda: world.log(webhook))
        await world.own(webhook).deliver_again(event := await event_of(world, webhook))
        await until(lambda: len(receiver.received) == 2)
        first, second = receiver.received
        assert (first.id, first.body) == (second.id, second.body)
        assert first.id == event
    noted = await world.pool.fetch("select about from audit_log where action = 'webhook.delivered_again'")
    assert [row["about"] for row in noted] == [event]


async def test_what_was_given_up_has_its_days_anew(world: World) -> None:
    webhook, _ = await world.webhook(NOBODY, WebhookEvent.READY)
    await world.ready()
    await world.time_passes("3 days")
    await tried(world)
    assert await world.statuses() == ["failed"]
    await world.own(webhook).deliver_again(await event_of(world, webhook))
    await tried(world)
    assert await world.statuses() == ["waiting"]
    assert (await world.log(webhook))[0].next_at


async def test_what_waits_is_tried_at_once(world: World) -> None:
    async with receiving(status(500)) as receiver:
        webhook, _ = await world.webhook(receiver.url(), WebhookEvent.READY)
        await world.ready()
        await world.pool.execute("update webhook_deliveries set next_at = now() + interval '6 hours'")
        await world.own(webhook).deliver_again(await event_of(world, webhook))
        async with world.sending():
            await until(lambda: receiver.received)


async def test_who_settles_an_earlier_attempt_late_does_not_settle_the_new_one(world: World) -> None:
    webhook, _ = await world.webhook(NOBODY, WebhookEvent.READY)
    await world.ready()
    earlier = await tried(world, DELIVERED)
    await world.own(webhook).deliver_again(await event_of(world, webhook))
    await settle(world.pool, earlier, DELIVERED, dice=0.0)  # its lease had ended long ago
    assert await world.statuses() == ["waiting"]


async def test_a_webhook_that_is_off_is_not_delivered_to(world: World) -> None:
    webhook, _ = await world.webhook(NOBODY, WebhookEvent.READY)
    await world.ready()
    await world.own(webhook).switch(on=False)
    with pytest.raises(WebhookRefused) as refused:
        await world.own(webhook).deliver_again(await event_of(world, webhook))
    assert (refused.value.code, refused.value.status) == ("webhook.off", 409)
    assert await world.statuses() == ["failed"]


async def test_over_the_api_only_what_is_kept_of_this_webhook(world: World) -> None:
    mine, _ = await world.webhook(NOBODY, WebhookEvent.READY)
    other, _ = await world.webhook("http://127.0.0.1:9/other", WebhookEvent.COMPLETED)
    await world.ready()
    event = await event_of(world, mine)
    async with api(world) as http:
        path = "/webhooks"
        taken = await http.post(f"{path}/{mine.id}/deliveries", json={"event_id": event})
        assert (taken.status_code, taken.json()["id"]) == (202, str(mine.id))
        for webhook_id, asked in ((other.id, event), (mine.id, "none"), (mine.id, "\x00"), (mine.id, "é")):
            answer = await http.post(f"{path}/{webhook_id}/deliveries", json={"event_id": asked})
            is_problem(answer, 404, "webhook.delivery_unknown")


async def test_the_page_offers_it_once_for_each_event(world: World) -> None:
    webhook, _ = await world.webhook(NOBODY, WebhookEvent.READY)
    await world.ready()
    await tried(world)
    browser = await world.site.signed_in()
    address = f"/experiences/{world.experience}/settings/webhooks/{webhook.id}"
    assert (await browser.get(address)).text.count("Try now") == 1
    form = {"csrf": await browser.csrf(), "event_id": await event_of(world, webhook)}
    assert (await browser.submit(f"{address}/deliveries", form)).headers["location"] == address
    await tried(world, DELIVERED)
    page = (await browser.get(address)).text
    assert (page.count("Try now"), page.count("Deliver again")) == (0, 1)
    gone = await browser.submit(f"{address}/deliveries", {**form, "event_id": "none"})
    assert (gone.status_code, "only the newest are kept" in gone.text) == (404, True)
    await world.own(webhook).switch(on=False)
    assert "Deliver again" not in (await browser.get(address)).text


def test_an_event_is_repeatable_at_its_newest_attempt_while_it_is_kept() -> None:
    log = [
        Attempt(event_id=event, type="import.ready", at=now(), http_status=500, error=None, next_at=None, kept=kept)
        for event, kept in (("a", True), ("b", False), ("a", True))
    ]
    assert repeatable(log) == {0}
