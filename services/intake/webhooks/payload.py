"""What a webhook says: its kinds of events and their bodies. Counts and names of things, no learner. Pure."""

from enum import StrEnum
from uuid import UUID

import msgspec

from shared.events import ImportChanged, LifecycleType, encode


class WebhookEvent(StrEnum):
    """What a webhook may be called for."""

    READY = "import.ready"  # every record has a pre-import status and a plan
    COMPLETED = "import.completed"  # every record has its import status; the counts are final


TEST = "webhook.test"  # somebody pressed the button
OF_TURN = {LifecycleType.READY: WebhookEvent.READY, LifecycleType.COMPLETED: WebhookEvent.COMPLETED}


class ImportTold(msgspec.Struct, kw_only=True):
    """The import as it was when it took the turn. No person: neither learners nor administrators."""

    import_id: str
    import_type: str
    experience_id: str
    experience_name: str
    file_name: str
    counts: dict[str, int]
    review_url: str


class TestTold(msgspec.Struct, kw_only=True):
    """Where the test comes from."""

    experience_id: str
    webhook_id: str


class Payload(msgspec.Struct, kw_only=True):
    """A body."""

    type: str
    timestamp: str  # of what happened, ISO 8601 UTC
    data: ImportTold | TestTold


def body_of(event: ImportChanged) -> str:
    """The body for a turn of an import."""
    told = ImportTold(
        import_id=event.import_id, import_type=event.import_type, experience_id=event.experience_id,
        experience_name=event.experience_name, file_name=event.file_name, counts=event.counts, review_url=event.review_url,
    )  # fmt: skip
    return encode(Payload(type=OF_TURN[event.type], timestamp=event.at, data=told)).decode()


def body_of_test(experience_id: UUID, webhook_id: UUID, *, at: str) -> str:
    """The body of a test."""
    told = TestTold(experience_id=str(experience_id), webhook_id=str(webhook_id))
    return encode(Payload(type=TEST, timestamp=at, data=told)).decode()
