"""A cluster that never had a consumer group makes the topic for them when the first is asked for, and says so until then."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.local.kafka import kafka_part
from cli.local.ports import HOST
from cli.local.supervisor import Supervisor
from shared.kafka.admin import apply_topics
from shared.kafka.handled import UNKNOWN, Handled
from shared.kafka.lag import read_lag
from shared.settings import KafkaSettings
from shared.topics import CHECKS, ROWS
from tests.stack.proxy import quiet_port


@pytest.fixture
async def new_broker(tmp_path: Path) -> AsyncIterator[KafkaSettings]:
    """With our topics, and nobody has asked it for a group."""
    port = quiet_port()
    supervisor = Supervisor(on_change=lambda: None)
    await supervisor.add(
        kafka_part(tmp_path / "kafka", port=port, controller_port=quiet_port(), log=tmp_path / "kafka.log")
    )
    settings = KafkaSettings(kafka_bootstrap=f"{HOST}:{port}")
    await apply_topics(settings)
    yield settings
    await supervisor.stop([["kafka"]])


async def test_the_first_question_of_repair_is_answered(new_broker: KafkaSettings) -> None:
    assert await Handled(new_broker, ("validator", ROWS), ("intake", CHECKS)).upto() > UNKNOWN


async def test_the_first_question_for_lag_is_answered(new_broker: KafkaSettings) -> None:
    assert {lag.lag for lag in await read_lag(new_broker)} == {0}
