"""The turns in an import's life as events: the import as it stands in the caller's transaction, put into the outbox."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg.pool import PoolConnectionProxy

from services.intake.flow_queries import queries
from services.intake.read_imports import counts_json, review_url
from shared.clock import iso, now
from shared.events import EmailPolicy, ImportChanged, LifecycleType, Problem, encode
from shared.kafka.publish import Message
from shared.postgres.outbox import put_in_outbox
from shared.topics import LIFECYCLE

SOURCE = "/rollcall/intake"  # CloudEvents: where the event comes from

_decode_problems = msgspec.json.Decoder(list[Problem]).decode


async def tell(
    connection: PoolConnectionProxy,
    import_id: UUID,
    kind: LifecycleType,
    *,
    base_url: str,
    time: int | None = None,
    at: datetime | None = None,
) -> ImportChanged:
    """Tell a turn of an import to everybody who listens, if and when the caller's transaction commits; answers what is told.
    `time` says which time it is for what may happen again; `at`, when a turn that is told again was taken."""
    row = await queries.import_as_told(connection, id=import_id)
    event = event_of(row, kind, at=iso(at or now()), base_url=base_url, time=time)
    await put_in_outbox(connection, LIFECYCLE, message_of(event))
    return event


def event_of(
    row: Mapping[str, Any], kind: LifecycleType, *, at: str, base_url: str, time: int | None = None
) -> ImportChanged:
    """An import's row, with the names of its experience and people, as an event."""
    return ImportChanged(
        id=f"{row['id']}/{kind}/{time}" if time else f"{row['id']}/{kind}",
        type=kind,
        at=at,
        import_id=str(row["id"]),
        import_type=row["type"],
        experience_id=str(row["experience_id"]),
        experience_name=row["experience_name"],
        file_name=row["file_name"],
        emails=EmailPolicy(row["emails"]),
        submitted_by=row["submitter"],
        started_by=row["starter"],
        started_at=iso(row["started_at"]) if row["started_at"] else "",
        review_url=review_url(base_url, row["id"]),
        counts={"rows": row["rows"], **counts_json(row)},
        problems=_decode_problems(row["problems"]),
    )


def message_of(event: ImportChanged) -> Message:
    """The event as a CloudEvent in binary mode: what it is stands in headers, the body is ours."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": event.id,
        "ce_source": SOURCE,
        "ce_type": f"rollcall.{event.type}",
        "ce_time": event.at,
        "ce_subject": event.import_id,
        "content-type": "application/json",
    }
    return Message(
        event.import_id.encode(), encode(event), headers=tuple((name, text.encode()) for name, text in headers.items())
    )
