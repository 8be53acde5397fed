"""`rollcall topics`, `lag` and `dead-letters`: for operators. They talk to the broker alone and work with every service down."""

import asyncio
import json
import time
from contextlib import nullcontext, suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Column, Table

from cli.client import JsonObject, Refused, local_stack
from cli.imports import JsonOption
from shared.kafka.admin import TopicMissingError, apply_topics, check_topics
from shared.kafka.dead_letters import DeadLetter, read_dead_letters, replay_dead_letters
from shared.kafka.lag import PartitionLag, read_lag
from shared.settings import KafkaSettings
from shared.topics import ALL_TOPICS, TOPICS, Topic

WATCH_SECONDS = 2

out = Console()
topics = typer.Typer(help="The topics as the code declares them.", no_args_is_help=True)
dead_letters = typer.Typer(help="Records that could not be read.", no_args_is_help=True)

KafkaOption = Annotated[
    str | None, typer.Option(help="Brokers; else ROLLCALL_KAFKA_BOOTSTRAP, else the local stack's.")
]
TopicArgument = Annotated[str, typer.Argument(help="A topic's name without prefix, such as imports.rows.")]


@topics.command()
def apply(kafka: KafkaOption = None) -> None:
    """Create what is missing and set what differs; a second call changes nothing."""
    changes = asyncio.run(apply_topics(settings(kafka)))
    for change in changes or ["nothing to change"]:
        out.print(change)


@topics.command()
def check(kafka: KafkaOption = None) -> None:
    """Say whether all topics are there; exit code 1 when not."""
    try:
        asyncio.run(check_topics(settings(kafka), ALL_TOPICS))
    except TopicMissingError as missing:
        raise Refused(0, "topics.missing", str(missing)) from missing
    out.print(f"All {len(ALL_TOPICS)} topics are there.")


def lag(
    watch: Annotated[bool, typer.Option("--watch", help="Show it anew every two seconds; Ctrl-C ends.")] = False,
    kafka: KafkaOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how far each service is behind, in records and in time, as the broker knows it."""
    broker = settings(kafka)
    if not watch:
        _print_lag(asyncio.run(read_lag(broker)), as_json=as_json)
        return
    with suppress(KeyboardInterrupt), nullcontext() if as_json else Live(console=out) as live:
        while True:
            found = asyncio.run(read_lag(broker))
            if live:
                live.update(lag_table(found))
            else:
                _print_lag(found, as_json=True)
            time.sleep(WATCH_SECONDS)


def _print_lag(found: list[PartitionLag], *, as_json: bool) -> None:
    if as_json:
        out.print_json(json.dumps([asdict(partition) for partition in found]))
    else:
        out.print(lag_table(found))


def lag_table(found: list[PartitionLag]) -> Table:
    """A line for each group."""
    table = Table("Service", Column("Topic", no_wrap=True), "Members", "Lag", "Most on one", "Oldest")
    for (service, topic), group in groupby(found, key=lambda partition: (partition.service, partition.topic)):
        partitions = list(group)
        lags = [partition.lag for partition in partitions]
        ages = [partition.age_seconds for partition in partitions if partition.age_seconds is not None]
        table.add_row(
            service, topic, str(partitions[0].members), f"{sum(lags):,}", f"{max(lags):,}",
            _age(max(ages, default=None)) if any(lags) else "",
        )  # fmt: skip
    return table


def _age(seconds: float | None) -> str:
    return "?" if seconds is None else str(timedelta(seconds=round(seconds)))


@dead_letters.command("list")
def list_dead_letters(kafka: KafkaOption = None, as_json: JsonOption = False) -> None:
    """Count the dead letters of each topic by reason."""
    found = asyncio.run(_count(settings(kafka)))
    if as_json:
        out.print_json(json.dumps(found))
        return
    table = Table("Topic", "Reason", "Waiting", "Replayed")
    for line in found:
        table.add_row(line["topic"], line["reason"], f"{line['waiting']:,}", f"{line['replayed']:,}")
    out.print(table if found else "No dead letters.")


@dead_letters.command()
def show(
    topic: TopicArgument,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 20,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show keys and values: they hold personal data.")] = False,
    kafka: KafkaOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a topic's dead letters; keys and values only with --reveal."""
    letters = asyncio.run(_read(settings(kafka), _topic(topic), limit))
    shown = [_letter(letter, reveal=reveal) for letter in letters]
    if as_json:
        out.print_json(json.dumps(shown))
        return
    table = Table("Offset", "When", "Reason", "From", *(("Key", "Value") if reveal else ()), "Replayed")
    for letter in shown:
        content = (letter["key"], letter["value"]) if reveal else ()
        table.add_row(
            str(letter["offset"]), letter["dead_at"], letter["reason"], letter["from"], *content, letter["replayed"]
        )
    out.print(table)


@dead_letters.command()
def replay(
    topic: TopicArgument,
    again: Annotated[bool, typer.Option("--again", help="Also what was replayed before.")] = False,
    kafka: KafkaOption = None,
) -> None:
    """Put a topic's dead letters back, after what made them unreadable is mended."""
    done = asyncio.run(replay_dead_letters(settings(kafka), _topic(topic), again=again))
    out.print(
        f"{done.replayed} put back" + (f", {done.cut} left out because parts of them are lost" if done.cut else "")
    )


def settings(kafka: str | None) -> KafkaSettings:
    """The broker that the option, the environment or the local stack names."""
    found = KafkaSettings()
    chosen = kafka or (None if "kafka_bootstrap" in found.model_fields_set else local_stack().get("kafka"))
    return found.model_copy(update={"kafka_bootstrap": chosen}) if chosen else found


def _topic(name: str) -> Topic:
    for topic in TOPICS:
        if topic.name == name.removesuffix(".dead"):
            return topic
    raise Refused(
        0, "topic.unknown", f"There is no topic {name}; there are {', '.join(topic.name for topic in TOPICS)}."
    )


async def _count(broker: KafkaSettings) -> list[JsonObject]:
    counts: dict[tuple[str, str], list[int]] = {}
    for topic in TOPICS:
        async for letter in read_dead_letters(broker, topic):
            counts.setdefault((topic.name, letter.reason), [0, 0])[letter.replayed] += 1
    return [
        {"topic": topic, "reason": reason, "waiting": waiting, "replayed": replayed}
        for (topic, reason), (waiting, replayed) in counts.items()
    ]


async def _read(broker: KafkaSettings, topic: Topic, limit: int) -> list[DeadLetter]:
    letters: list[DeadLetter] = []
    async for letter in read_dead_letters(broker, topic):
        if len(letters) == limit:
            break
        letters.append(letter)
    return letters


def _letter(letter: DeadLetter, *, reveal: bool) -> dict[str, Any]:
    facts = {
        "offset": letter.offset,
        "dead_at": datetime.fromtimestamp(letter.dead_at / 1000, UTC).isoformat(timespec="seconds"),
        "reason": letter.reason,
        "from": f"partition {letter.partition}, offset {letter.source_offset}"
        if letter.partition >= 0
        else "never reached it",
        "replayed": "yes" if letter.replayed else "",
    }
    hidden = {
        name: (content or b"").decode(errors="replace")
        for name, content in (("key", letter.key), ("value", letter.value))
    }
    return facts | (hidden if reveal else {})
