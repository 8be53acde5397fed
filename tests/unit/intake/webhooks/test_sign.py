"""Signatures are those of Standard Webhooks: by its specification's own example, and by its library."""

import json
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.intake.webhooks.sign import new_secret, signed_headers

BODY = b'{"type":"import.completed"}'
LONG_AGO = 1_614_265_330


def sign(*secrets: str) -> dict[str, str]:
    return signed_headers(
        secrets, event_id="018f/ImportCompleted", timestamp=int(datetime.now(UTC).timestamp()), body=BODY
    )


def test_the_signature_is_that_of_the_published_test_vector() -> None:
    headers = signed_headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], event_id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )  # fmt: skip
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }  # fmt: skip


def test_a_receivers_library_believes_it() -> None:
    secret = new_secret()
    assert Webhook(secret).verify(BODY, sign(secret)) == json.loads(BODY)


def test_while_a_secret_is_replaced_either_is_believed() -> None:
    new, old = new_secret(), new_secret()
    headers = sign(new, old)
    assert Webhook(new).verify(BODY, headers)
    assert Webhook(old).verify(BODY, headers)


@pytest.mark.parametrize(
    "changed", [{"webhook-id": "another"}, {"webhook-timestamp": str(LONG_AGO)}, {"webhook-signature": "v1,AAAA"}]
)
def test_what_was_changed_is_not_believed(changed: dict[str, str]) -> None:
    secret = new_secret()
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, {**sign(secret), **changed})
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" ", sign(secret))
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, sign(secret))


def test_no_two_secrets_are_alike_and_each_has_the_length_that_the_specification_asks_for() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(secret) for secret in made} == {len("whsec_") + 44}
