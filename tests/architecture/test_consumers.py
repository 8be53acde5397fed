"""Which service consumes what is said once for tools and once by each service; both say the same."""

import importlib

import pytest

from shared.topics import CONSUMERS, TOPICS


@pytest.mark.parametrize("service", CONSUMERS)
def test_a_service_consumes_what_the_topics_say(service: str) -> None:
    subscriptions = importlib.import_module(f"services.{service}.consumers").SUBSCRIPTIONS
    assert {subscription.topic.name for subscription in subscriptions} == {topic.name for topic in CONSUMERS[service]}


def test_every_topic_has_a_consumer() -> None:
    assert {topic.name for topics in CONSUMERS.values() for topic in topics} == {topic.name for topic in TOPICS}
