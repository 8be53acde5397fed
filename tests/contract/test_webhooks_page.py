"""docs/webhooks.md is what receivers build on: its example is a body as we make it, its code checks what we sign."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from services.intake.read_imports import counts_json
from services.intake.webhooks.payload import OF_TURN, TEST, ImportTold, Payload, WebhookEvent
from services.intake.webhooks.sign import new_secret, signed_headers

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")
COUNTED = ("rows", "error", "ready", "warning", "created", "added", "unchanged", "failed", "skipped")


def test_the_example_is_a_body_as_we_make_it() -> None:
    [example] = re.findall(r"^\{.*?^(?=```)", PAGE, re.MULTILINE | re.DOTALL)
    told = json.loads(example)
    assert set(told) == set(Payload.__struct_fields__)
    assert set(told["data"]) == set(ImportTold.__struct_fields__)
    row = dict.fromkeys((*COUNTED, "plan_create", "plan_add", "plan_nothing"), 0) | {"status": "finished"}
    assert set(told["data"]["counts"]) == {"rows", *counts_json(row)}
    counts = told["data"]["counts"]
    over = ("created", "added", "unchanged", "failed", "skipped", "not_imported")
    assert counts["rows"] == sum(counts[name] for name in over)


def test_every_type_is_on_the_page() -> None:
    assert set(re.findall(r"^\| `([a-z.]+)` \|", PAGE, re.MULTILINE)) == {*WebhookEvent, TEST}
    assert set(OF_TURN.values()) == set(WebhookEvent)


@pytest.mark.parametrize(("changed", "seconds"), [(False, 0), (True, 0), (False, 600)])
def test_the_code_for_checking_by_hand_believes_us_and_nobody_else(changed: bool, seconds: int) -> None:
    [code] = [block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "hmac" in block]
    secret, body = new_secret(), b'{"type":"webhook.test"}'
    sent_at = int(time.time()) - seconds
    headers = signed_headers([new_secret(), secret], event_id="test/1", timestamp=sent_at, body=body)
    known: dict[str, Any] = {"secret": secret, "headers": headers, "body": body + b" " if changed else body}
    exec(code, known)  # noqa: S102 - our own page
    assert (known["ours"], known["fresh"]) == (not changed, seconds == 0)
