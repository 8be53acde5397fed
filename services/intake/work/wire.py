"""Rows and approvals as Kafka messages: keyed by email key, so that one person's events stay on one partition."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.intake.work.held_import import Progress
from shared.events import Plan, RecordApproved, RowRead, encode
from shared.kafka.publish import Message
from shared.topics import ROW_PARTITIONS

_decode_values = msgspec.json.Decoder(dict[str, str]).decode


def row_message(row: RowRead) -> Message:
    """A row. Rows without an email are spread by their number."""
    if row.email_key:
        return Message(row.email_key.encode(), encode(row))
    return Message(b"", encode(row), row.row % ROW_PARTITIONS)


def approval_message(record: Mapping[str, Any], progress: Progress) -> Message:
    """A record of the ledger, handed over."""
    approval = RecordApproved(
        import_id=str(progress.id),
        experience_id=str(progress.experience_id),
        type=progress.type,
        row=record["row"],
        email_key=record["email_key"],
        values=values_of(record),
        plan=Plan(record["plan"]),
    )
    return Message(approval.email_key.encode(), encode(approval))


def values_of(record: Mapping[str, Any]) -> dict[str, str]:
    """A record's values as interpreted, by field name."""
    return _decode_values(record["values"])
