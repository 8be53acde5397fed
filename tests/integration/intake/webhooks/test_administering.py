"""What an administrator does with webhooks, over the API and on the pages."""

import re
import uuid
from html import unescape
from typing import Any

import httpx
import pytest

from services.intake.webhooks.register import MOST_WEBHOOKS
from tests.integration.intake.api.world import is_problem
from tests.integration.intake.sign_in.site import Browser
from tests.integration.intake.webhooks.receiver import receiving, status
from tests.integration.intake.webhooks.world import World, until

ALL = "/webhooks"
EVENTS = ["import.ready", "import.completed"]


def api(world: World, whose: str = "token") -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(world.site.app), headers={"Authorization": f"Bearer {world.site.people[whose]}"},
        base_url=f"http://rollcall.test/api/v1/experiences/{world.experience}",
    )  # fmt: skip


async def registered(http: httpx.AsyncClient, url: str, **more: Any) -> dict[str, Any]:
    answer = await http.post(ALL, json={"url": url, "events": EVENTS, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_the_secret_is_shown_when_it_is_made_and_never_again(world: World) -> None:
    async with api(world) as http, receiving() as receiver:
        made = await registered(http, receiver.url())
        assert made["secret"].startswith("whsec_")
        renewed = (await http.post(f"{ALL}/{made['id']}/secret")).json()["secret"]
        assert renewed != made["secret"]
        everything = [
            (await http.get(path)).text for path in (ALL, f"{ALL}/{made['id']}", f"{ALL}/{made['id']}/attempts")
        ]
        assert "whsec_" not in "".join(everything)
        assert (await http.get(f"{ALL}/{made['id']}")).json()["old_secret_until"]


@pytest.mark.parametrize(
    "url", ["https://10.0.0.1/", "https://[::1]/", "https://no-such-host.invalid/", "https://169.254.169.254/latest", "http://8.8.8.8", "x"]
)  # fmt: skip
async def test_an_address_that_may_not_be_called_is_refused_with_what_to_do(world: World, url: str) -> None:
    async with api(world) as http:
        is_problem(await http.post(ALL, json={"url": url, "events": EVENTS}), 422, "webhook.url_refused")
        assert (await http.get(ALL)).json() == {"items": []}


async def test_a_webhook_needs_events_that_there_are(world: World) -> None:
    async with api(world) as http, receiving() as receiver:
        for events in ([], ["import.started"], ["webhook.test"]):
            is_problem(await http.post(ALL, json={"url": receiver.url(), "events": events}), 422, "request.invalid")


async def test_an_experience_has_a_bounded_number_of_webhooks(world: World) -> None:
    async with api(world) as http, receiving() as receiver:
        made = [await registered(http, receiver.url(f"/{n}")) for n in range(MOST_WEBHOOKS)]
        too_many = await http.post(ALL, json={"url": receiver.url(), "events": EVENTS})
        is_problem(too_many, 409, "webhook.too_many")
        assert (await http.delete(f"{ALL}/{made[0]['id']}")).status_code == 204
        await registered(http, receiver.url())


async def test_a_webhook_of_another_experience_is_not_there(world: World) -> None:
    async with api(world) as http, receiving() as receiver:
        mine = await registered(http, receiver.url())
        other = await http.post("http://rollcall.test/api/v1/experiences", json={"name": "Other"})
        elsewhere = f"http://rollcall.test/api/v1/experiences/{other.json()['id']}/webhooks/{mine['id']}"
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/secret"), ("POST", "/off")):
            is_problem(await http.request(method, elsewhere + path), 404, "not_found")
        is_problem(await http.get(f"{ALL}/{uuid.uuid4()}"), 404, "not_found")
    async with api(world, "other_token") as others:
        is_problem(await others.get(f"{ALL}/{mine['id']}"), 404, "not_found")


async def test_a_test_comes_soon_and_one_at_a_time_and_not_to_one_that_is_off(world: World) -> None:
    async with api(world) as http, receiving() as receiver:
        path = f"{ALL}/{(await registered(http, receiver.url()))['id']}"
        assert (await http.post(f"{path}/test")).status_code == 202
        is_problem(await http.post(f"{path}/test"), 409, "webhook.not_tested")
        async with world.sending():
            await until(lambda: receiver.received)
            await until(lambda: _attempts(http, path))
        [attempt] = await _attempts(http, path)
        assert (attempt["type"], attempt["http_status"], attempt["error"]) == ("webhook.test", 204, None)
        assert (await http.post(f"{path}/off")).json()["off_reason"] == "person"
        is_problem(await http.post(f"{path}/test"), 409, "webhook.not_tested")
        assert (await http.post(f"{path}/on")).json()["off_since"] is None
        assert (await http.post(f"{path}/test")).status_code == 202


async def test_what_waits_for_a_webhook_goes_with_it(world: World) -> None:
    async with api(world) as http, receiving() as receiver:
        path = f"{ALL}/{(await registered(http, receiver.url()))['id']}"
        await world.completed()
        assert (await http.get(f"{path}/attempts")).json()["waiting"] == 2
        await http.post(f"{path}/off")
        assert (await http.get(f"{path}/attempts")).json()["waiting"] == 0
        assert (await http.delete(path)).status_code == 204
        assert await world.statuses() == []


async def test_who_did_what_with_webhooks_is_written_down(world: World) -> None:
    async with api(world) as http, receiving() as receiver:
        path = f"{ALL}/{(await registered(http, receiver.url()))['id']}"
        for method, what in (
            ("POST", "/test"),
            ("POST", "/off"),
            ("POST", "/off"),
            ("POST", "/on"),
            ("POST", "/secret"),
            ("DELETE", ""),
        ):
            await http.request(method, path + what)
    told = ["added", "tested", "switched_off", "switched_on", "secret_replaced", "deleted"]
    assert (await world.site.actions())[-6:] == [f"webhook.{action}" for action in told]


async def test_the_pages_add_test_switch_and_delete(world: World) -> None:
    browser = await world.site.signed_in()
    pages = f"/experiences/{world.experience}/settings/webhooks"
    async with receiving(status(500)) as receiver, world.sending():
        added = await _press(browser, pages, url=receiver.url(), **dict.fromkeys(EVENTS, "on"))
        assert added.status_code == 200
        assert re.search(r"whsec_[A-Za-z0-9+/]{43}=", added.text)
        [page] = set(re.findall(rf"{pages}/[0-9a-f-]{{36}}", added.text))
        assert "whsec_" not in (await browser.get(page)).text
        assert (await _press(browser, f"{page}/test")).headers["location"] == page
        await until(lambda: _shows(browser, page, "webhook.test", ">500<"))
        await _press(browser, f"{page}/off")
        assert await _shows(browser, page, "Switched off", "Switch on")
        await _press(browser, f"{page}/on")
        assert "whsec_" in (await _press(browser, f"{page}/secret")).text
        assert "Delete this webhook?" in (await browser.get(f"{page}/delete")).text
        assert (await _press(browser, f"{page}/delete")).headers["location"] == pages
        assert (await browser.get(page)).status_code == 404


async def test_the_form_says_what_is_wrong_and_keeps_what_was_entered(world: World) -> None:
    browser = await world.site.signed_in()
    pages = f"/experiences/{world.experience}/settings/webhooks"
    refused = await _press(browser, pages, url="https://10.0.0.1/<b>", **{"import.ready": "on"})
    assert refused.status_code == 422
    assert "The host has no public address" in refused.text
    assert 'value="https://10.0.0.1/&lt;b&gt;"' in refused.text
    async with receiving() as receiver:
        assert "at least one kind of event" in (await _press(browser, pages, url=receiver.url())).text


async def _press(browser: Browser, path: str, **form: str) -> httpx.Response:
    return await browser.submit(path, {"csrf": await browser.csrf(), **form})


async def _shows(browser: Browser, page: str, *words: str) -> bool:
    text = unescape((await browser.get(page)).text)
    return all(word in text for word in words)


async def _attempts(http: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    return list((await http.get(f"{path}/attempts")).json()["items"])
