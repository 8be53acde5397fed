"""A receiver without Kafka is told of an import, can prove who says so, and is told again when it was away."""

import json
from typing import Any

from standardwebhooks import Webhook

from .outside import Outside, people, table, until
from .receiver import receiving


def test_an_import_is_told_to_a_receiver_that_was_away_for_a_moment(running_stack: dict[str, Any]) -> None:
    with receiving() as receiver:
        outside = Outside(running_stack)
        experience = outside.experience("Webhooks")
        webhooks = f"/experiences/{experience}/webhooks"
        refused = outside.http.post(webhooks, json={"url": "https://127.0.0.2/", "events": ["import.ready"]})
        assert (refused.status_code, refused.json()["code"]) == (422, "webhook.url_refused")
        new = {"url": receiver.url, "events": ["import.ready", "import.completed"]}
        added = outside.http.post(webhooks, json=new).raise_for_status().json()
        assert outside.http.post(f"{webhooks}/{added['id']}/test").status_code == 202
        until(lambda: receiver.received, what="the test")
        assert json.loads(receiver.received[0][1])["type"] == "webhook.test"

        receiver.away = 1
        ready = outside.prepared(experience, table(people(3, "webhooks")), emails="none")
        until(lambda: len(receiver.of(ready["id"])) == 2, what="the second try")
        finished = outside.run(ready["id"])
        until(lambda: len(receiver.of(ready["id"])) == 3, what="the end of the import")
        library = Webhook(added["secret"])
        told = [library.verify(body, headers) for headers, body in receiver.of(ready["id"])]
        assert [event["type"] for event in told] == ["import.ready", "import.ready", "import.completed"]
        first, again = (headers["webhook-id"] for headers, _ in receiver.of(ready["id"])[:2])
        assert first == again
        counts = finished["counts"]
        assert {name: told[-1]["data"]["counts"][name] for name in counts} == counts
        assert told[-1]["data"]["review_url"] == finished["review_url"]
        log = until(lambda: len(found := _log(outside, f"{webhooks}/{added['id']}")) == 4 and found, what="the log")
        assert [attempt["http_status"] for attempt in log] == [200, 200, 503, 200]


def _log(outside: Outside, webhook: str) -> list[dict[str, Any]]:
    return list(outside.http.get(f"{webhook}/attempts").raise_for_status().json()["items"])
