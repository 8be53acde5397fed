"""`rollcall retention`: how old the oldest personal data is in each place, against its limit. Asks each service's database and the
broker, not the services: it proves what they did, and whether they do it still."""

import asyncio
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import typer
from aiokafka import TopicPartition
from rich.console import Console
from rich.table import Table

from cli.databases import Connections, IntakeOption, NotifierOption, ProvisionerOption, ValidatorOption, open_databases
from cli.imports import JsonOption
from cli.operations import KafkaOption, settings
from services.intake import retention as intake
from services.notifier import retention as notifier
from services.provisioner import retention as provisioner
from services.validator import retention as validator
from shared.clock import now
from shared.kafka.admin import kept_for
from shared.kafka.connect import open_reader
from shared.kafka.oldest import oldest_ages
from shared.kafka.refused import explained
from shared.postgres.retention import Kept, Oldest, look
from shared.settings import KafkaSettings
from shared.topics import ALL_TOPICS, SEGMENT, Topic

OLDEST: dict[str, dict[str, Oldest]] = {
    "intake": intake.OLDEST, "validator": validator.OLDEST, "provisioner": provisioner.OLDEST, "notifier": notifier.OLDEST,
}  # fmt: skip
ASLEEP = timedelta(hours=2)  # a service applies its limits every few minutes
BROKER_LATE = timedelta(hours=1)  # a broker looks for old segments every few minutes
out = Console()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One kind of data in one place."""

    place: str
    what: str
    days: float | None
    oldest: datetime | None
    applied_at: datetime | None
    removed: int | None
    trouble: str  # why this is not as it should be; empty: it is

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        found = asdict(self)
        return found | {name: found[name].isoformat() if found[name] else None for name in ("oldest", "applied_at")}


def retention(
    intake_database_url: IntakeOption = "",
    validator_database_url: ValidatorOption = "",
    provisioner_database_url: ProvisionerOption = "",
    notifier_database_url: NotifierOption = "",
    kafka: KafkaOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how old the oldest personal data is in each place, and for how long it may be kept. Exit code 1 when something is older
    than it may be, or when a service does not remove what is."""
    addresses = {
        "intake": intake_database_url, "validator": validator_database_url,
        "provisioner": provisioner_database_url, "notifier": notifier_database_url,
    }  # fmt: skip
    found = asyncio.run(_look_everywhere(addresses, settings(kafka)))
    if as_json:
        out.print_json(json.dumps([place.as_json() for place in found]))
    else:
        out.print(_table(found))
    if any(place.trouble for place in found):
        raise typer.Exit(1)


async def _look_everywhere(addresses: dict[str, str], broker: KafkaSettings) -> list[Place]:
    async with open_databases(**addresses) as databases:
        return [*await look_in(databases), *await look_on_topics(broker)]


async def look_in(databases: Connections) -> list[Place]:
    """What the services keep in their databases (and intake in its file store)."""
    found = []
    for service, kinds in OLDEST.items():
        for what, oldest in kinds.items():
            kept = await look(databases[service], what, oldest)
            found.append(
                Place(
                    place=service, what=what, days=kept.days, oldest=kept.oldest, applied_at=kept.applied_at,
                    removed=kept.removed, trouble=_trouble(kept),
                )
            )  # fmt: skip
    return found


async def look_on_topics(broker: KafkaSettings) -> list[Place]:
    """What the broker keeps on topics of time."""
    topics = [topic for topic in ALL_TOPICS if not topic.compacted]
    async with explained(broker), open_reader(broker) as reader:
        places = [
            TopicPartition(broker.topic_prefix + topic.name, partition)
            for topic in topics
            for partition in range(topic.partitions)
        ]
        first, end = await reader.beginning_offsets(places), await reader.end_offsets(places)
        ages = await oldest_ages(reader, [(place, first[place]) for place in places if first[place] < end[place]])
    oldest: dict[str, float] = {}
    for (place, _), age in ages.items():
        oldest[place.topic] = max(age, oldest.get(place.topic, 0.0))
    return [_of_topic(topic, broker, oldest.get(broker.topic_prefix + topic.name)) for topic in topics]


def _of_topic(topic: Topic, broker: KafkaSettings, age_seconds: float | None) -> Place:
    kept = kept_for(topic, broker)
    late = age_seconds is not None and timedelta(seconds=age_seconds) > kept + SEGMENT + BROKER_LATE
    return Place(
        place="topic", what=topic.name, days=kept / timedelta(days=1),
        oldest=None if age_seconds is None else now() - timedelta(seconds=age_seconds), applied_at=None, removed=None,
        trouble="older than it may be; `rollcall topics apply` sets the limit" if late else "",
    )  # fmt: skip


def _trouble(kept: Kept) -> str:
    if kept.applied_at is None:
        return "never applied: is the service up?"
    if kept.overdue:
        return f"{_days(kept.overdue)} too old"
    return "not applied lately: is the service up?" if now() - kept.applied_at > ASLEEP else ""


def _table(found: list[Place]) -> Table:
    table = Table("Where", "What", "Limit", "Oldest", "Applied", "Removed so far", "")
    for place in found:
        table.add_row(
            place.place, place.what,
            "?" if place.days is None else f"{place.days:g} days",
            "none" if place.oldest is None else _days(max(now() - place.oldest, timedelta(0))),
            "" if place.applied_at is None else f"{place.applied_at:%Y-%m-%d %H:%M}",
            "" if place.removed is None else f"{place.removed:,}",
            f"[red]{place.trouble}[/red]" if place.trouble else "ok",
        )  # fmt: skip
    return table


def _days(time: timedelta) -> str:
    return f"{time / timedelta(days=1):.1f} days"
