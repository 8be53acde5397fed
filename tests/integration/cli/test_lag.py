"""`rollcall lag` asks the broker alone: here no service runs at all."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.operations import lag_table
from shared.kafka import oldest
from shared.kafka.lag import PartitionLag, read_lag
from shared.kafka.message import Message
from shared.kafka.publish import open_publisher
from shared.settings import KafkaSettings
from shared.topics import ROWS

ROLLCALL = Path(sys.executable).with_name("rollcall")


@pytest.fixture
async def settings(kafka: str, topic_prefix: str) -> KafkaSettings:
    settings = KafkaSettings(kafka_bootstrap=kafka, topic_prefix=topic_prefix)
    async with open_publisher(settings) as publisher:
        await publisher.publish(ROWS, [Message(b"", b"{}", number % 3) for number in range(1200)])
    return settings


def started(settings: KafkaSettings, *options: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "ROLLCALL_TOPIC_PREFIX": settings.topic_prefix}
    return subprocess.Popen(
        [ROLLCALL, "lag", "--kafka", settings.kafka_bootstrap, *options],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever runs us may ignore it
    )  # fmt: skip


def of_rows(lags: list[dict[str, Any]]) -> list[int]:
    return [lag["lag"] for lag in lags if lag["topic"] == "imports.rows"]


def test_json_tells_every_partition(settings: KafkaSettings) -> None:
    deadline = time.monotonic() + 60
    while True:
        with started(settings, "--json") as command:
            lags = json.loads(command.communicate(timeout=60)[0])
        assert of_rows(lags) == [400, 400, 400, 0, 0, 0]
        ages = [lag["age_seconds"] for lag in lags if lag["lag"]]
        if None not in ages or time.monotonic() > deadline:  # a broker that is slow does not say them all at once
            break
    assert all(age is not None and age > 0 for age in ages)


def test_watching_shows_it_until_it_is_interrupted(settings: KafkaSettings) -> None:
    with started(settings, "--json", "--watch") as command:
        assert command.stdout is not None
        while command.stdout.readline() not in ("]\n", ""):
            pass
        command.send_signal(signal.SIGINT)
        command.communicate(timeout=60)
    assert command.returncode == 0


async def test_the_table_has_a_line_for_each_group(settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oldest, "FETCH_MS", 60_000)
    lines = shown(await read_lag(settings))
    assert lines["validator", "imports.rows"][:3] == ["0", "1,200", "400"]
    assert lines["validator", "imports.rows"][3].startswith("0:0")
    assert lines["intake", "imports.checks"] == ["0", "0", "0", ""]


def shown(lags: list[PartitionLag]) -> dict[tuple[str, str], list[str]]:
    text = io.StringIO()
    Console(width=80, file=text).print(lag_table(lags))
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.getvalue().splitlines()]
    return {(row[0], row[1]): row[2:] for row in rows if row}
