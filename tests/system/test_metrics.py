"""What alerts and the dashboard ask for is what a running stack tells, under these names and with these labels."""

import asyncio
import json
import subprocess
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client.parser import text_string_to_metric_families

from tests.stack.monitoring import alerts, dashboard_queries, used_by
from tests.stack.promtool import find_promtool

from .outside import Outside, people, table, until

Samples = dict[str, list[dict[str, str]]]  # the labels of each sample, by its name
PERSONAL = ("northfield", "@", "example.org")
MEASURED = {  # by each service
    "intake": ("imports", "outbox", "webhooks", "lag", "retention"),
    "validator": ("retention",),
    "provisioner": ("outbox", "retention"),
    "notifier": ("mails", "retention"),
}


@pytest.fixture
def told(running_stack: dict[str, Any]) -> dict[str, str]:
    """/metrics of each service, after an import and an unreadable record. What takes long to measure is told the next time."""
    tag = f"m{uuid.uuid4().hex[:8]}"
    outside = Outside(running_stack)
    outside.run(outside.prepared(outside.experience(f"Metrics {tag}"), table(people(3, tag)), emails="none")["id"])
    asyncio.run(publish_unreadable(running_stack["kafka"]))
    return until(
        lambda: (found := metrics(running_stack)) and is_all_told(found) and found,
        what="a dead letter, and everything measured",
    )


def is_all_told(told: dict[str, str]) -> bool:
    measured = [
        f'rollcall_measured{{what="{what}"}} 1.0' in told[service] for service in MEASURED for what in MEASURED[service]
    ]
    return "rollcall_dead_letters_total{" in told["intake"] and all(measured)


async def publish_unreadable(kafka: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        await producer.send_and_wait("imports.emails", b"nobody can read this")


def metrics(stack: dict[str, Any]) -> dict[str, str]:
    addresses = stack["services"].items()
    return {service: httpx.get(f"{address}/metrics", timeout=60).text for service, address in addresses}


def samples(told: dict[str, str]) -> Samples:
    found: Samples = defaultdict(list)
    for text in told.values():
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found[sample.name].append(sample.labels)
    return found


def test_every_name_and_label_that_alerts_and_dashboard_use_is_told(told: dict[str, str]) -> None:
    found = samples(told)
    queries = [*(alert["expr"] for alert in alerts()), *dashboard_queries()]
    for use in sorted({use for query in queries for use in used_by(query)}, key=str):
        assert use.metric in found, f"{use.metric} is not told"
        assert any(use.labels <= labels.keys() for labels in found[use.metric]), use
    assert {name for labels in found["rollcall_measured"] for name in labels.values()} >= {"lag", "imports", "outbox"}


def test_names_follow_the_conventions_and_labels_hold_no_ids_and_nobody(told: dict[str, str]) -> None:
    for text in told.values():
        linted = subprocess.run(
            [find_promtool(), "check", "metrics"], input=text, capture_output=True, text=True, timeout=60, check=False
        )
        assert linted.returncode == 0, linted.stdout + linted.stderr
    values = {value for labels in samples(told).values() for label in labels for value in label.values()}
    assert not [value for value in values if any(part in value for part in PERSONAL)]
    assert not [value for value in values if len(value) == 36 and value.count("-") == 4]


def test_a_number_per_group_and_partition_is_what_the_command_line_says(
    told: dict[str, str], rollcall: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    def with_a_member_each() -> list[dict[str, Any]] | None:
        """For a moment after a process stood still, its groups have none."""
        lags = json.loads(rollcall("lag", "--json").stdout)
        return lags if all(lag["members"] == 1 for lag in lags) else None

    said = until(with_a_member_each, what="one member in each group")
    lags = samples(told)["kafka_consumergroup_lag"]
    assert {(lag["group"], lag["topic"], str(lag["partition"])) for lag in said} == {
        (labels["consumergroup"], labels["topic"], labels["partition"]) for labels in lags
    }
