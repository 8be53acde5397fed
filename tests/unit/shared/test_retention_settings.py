"""A service that forgets what a topic can still say could do the same thing twice: such settings are refused at the start."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.settings import Settings as Intake
from services.provisioner.settings import Settings as Provisioner
from services.validator.settings import Settings as Validator
from shared.settings import KafkaSettings
from shared.topics import ALL_TOPICS

NEEDED = {"database_url": "postgresql://nobody@localhost/none", "file_store_url": "file:///nowhere"}
MEMORY = [(Intake, "record_days"), (Provisioner, "answer_days"), (Validator, "gone_days")]


@pytest.mark.parametrize(("settings", "memory"), MEMORY)
@pytest.mark.parametrize("topic", ["row_topics_days", "result_topics_days", "dead_letters_days"])
def test_memory_that_is_shorter_than_a_topic_is_refused(settings: Any, memory: str, topic: str) -> None:
    with pytest.raises(ValidationError, match=memory):
        settings(**NEEDED, **{memory: 40, topic: 40})
    assert settings(**NEEDED, **{memory: 42, topic: 40})


@pytest.mark.parametrize("settings", [Intake, Provisioner, Validator])
def test_what_is_set_by_default_is_not_refused(settings: Any) -> None:
    assert settings(**NEEDED)


def test_answers_are_kept_for_longer_than_records_by_default() -> None:
    assert Provisioner(**NEEDED).answer_days > Intake(**NEEDED).record_days


@pytest.mark.parametrize("topic", [topic for topic in ALL_TOPICS if not topic.compacted], ids=lambda topic: topic.name)
def test_every_topic_of_time_is_kept_as_declared_unless_a_setting_says_otherwise(topic: Any) -> None:
    assert getattr(KafkaSettings(), topic.setting) == topic.retention.days
