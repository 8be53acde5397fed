"""`rollcall topics` and `lag`: for operators. They talk to the broker alone and work with every service down."""

import asyncio
import json
import time
from contextlib import nullcontext, suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Column, Table

from cli.client import local_stack
from cli.imports import JsonOption
from shared.kafka.admin import apply_topics, check_topics
from shared.kafka.lag import PartitionLag, by_group, read_lag
from shared.settings import KafkaSettings, read_settings
from shared.topics import ALL_TOPICS

WATCH_SECONDS = 2

out = Console()
topics = typer.Typer(help="The topics as the code declares them.", no_args_is_help=True)

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
    asyncio.run(check_topics(settings(kafka), ALL_TOPICS))
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
    for group in by_group(found):
        table.add_row(
            group.service, group.topic, str(group.members), f"{group.lag:,}", f"{group.most:,}",
            _age(group.age_seconds) if group.lag else "",
        )  # fmt: skip
    return table


def _age(seconds: float | None) -> str:
    return "?" if seconds is None else str(timedelta(seconds=round(seconds)))


def settings(kafka: str | None) -> KafkaSettings:
    """The broker that the option, the environment or the local stack names."""
    found = read_settings(KafkaSettings)
    chosen = kafka or (None if "kafka_bootstrap" in found.model_fields_set else local_stack().get("kafka"))
    return read_settings(KafkaSettings, kafka_bootstrap=chosen) if chosen else found
