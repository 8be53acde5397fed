"""Words of a newer version in places where we know an older list: passed over where that is safe, refused where not."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.notifier.mails import import_facts, resends
from shared.events import Codec, EmailSettled, ImportChanged, RecordApproved, RecordChecked, RecordProvisioned, encode

GOLDEN = Path(__file__).parent / "golden"


def newer(event_type: type[Any], **changes: Any) -> bytes:
    return json.dumps(json.loads((GOLDEN / f"{event_type.__name__}.json").read_text()) | changes).encode()


@pytest.mark.parametrize(
    ("event_type", "field"), [(ImportChanged, "type"), (ImportChanged, "emails"), (EmailSettled, "kind")]
)
def test_a_word_that_does_not_concern_every_reader_is_kept_as_it_came(event_type: type[Any], field: str) -> None:
    event = Codec(event_type).decode(newer(event_type, **{field: "of-tomorrow"}))
    assert getattr(event, field) == "of-tomorrow"
    assert json.loads(encode(event))[field] == "of-tomorrow"


@pytest.mark.parametrize(
    ("event_type", "field"),
    [
        (RecordChecked, "status"),
        (RecordChecked, "plan"),
        (RecordApproved, "plan"),
        (RecordProvisioned, "outcome"),
        (EmailSettled, "status"),
    ],
)
def test_an_answer_in_an_unknown_word_is_not_dropped_but_waits_in_the_dead_letters(
    event_type: type[Any], field: str
) -> None:
    with pytest.raises(msgspec.ValidationError):
        Codec(event_type).decode(newer(event_type, **{field: "of-tomorrow"}))


def test_a_turn_that_the_notifier_does_not_know_asks_for_no_mail() -> None:
    event = Codec(ImportChanged).decode(newer(ImportChanged, type="ImportPaused"))
    assert import_facts([event]) == ([], [], [])
    assert resends([event]) == ([], [])


def test_no_mail_goes_out_under_a_policy_that_the_notifier_does_not_know() -> None:
    event = Codec(ImportChanged).decode(newer(ImportChanged, type="ImportStarted", emails="weekly"))
    assert import_facts([event]) == ([], [], [(0, "lifecycle.email_policy_unknown")])
