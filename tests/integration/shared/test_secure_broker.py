"""A broker as managed ones are: TLS with an authority of its own, each way to sign in, and rights. What is wrong is said with what to do."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog

from cli.app import main
from shared.kafka.admin import apply_topics
from shared.kafka.dead_letters import read_dead_letters
from shared.kafka.lag import read_lag
from shared.kafka.publish import Message, Publisher
from shared.kafka.refused import why_refused
from shared.kafka.replay import replay_dead_letters
from shared.rights import rights_of_operator, rights_of_service, rights_to_set_topics
from shared.settings import KafkaSettings, ServiceSettings
from shared.topics import ALL_TOPICS, ROWS
from tests.stack.certificates import Authority
from tests.stack.secure_kafka import MECHANISMS, PASSWORD, SecureKafka

from .conftest import Consuming, row, until

pytestmark = pytest.mark.usefixtures("goodbyes")

USER, STRANGER = "rollcall", "stranger"  # the latter has a password and no rights


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker(secure_broker: SecureKafka) -> SecureKafka:
    prefixes = [f"{mechanism.lower()}." for mechanism in MECHANISMS]
    rights = [
        right
        for prefix in prefixes
        for its in (rights_to_set_topics(prefix), rights_of_operator(prefix), rights_of_service("validator", prefix))
        for right in its
    ]
    await secure_broker.introduce({USER: rights, STRANGER: []})
    return secure_broker


@pytest.fixture(params=MECHANISMS)
def settings(broker: SecureKafka, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ServiceSettings:
    """Of a service that signs in in this way."""
    for name, value in broker.environment(USER, mechanism=request.param).items():
        monkeypatch.setenv(name, value)
    return ServiceSettings(
        topic_prefix=f"{request.param.lower()}.", database_url="postgresql://nobody@localhost/none", stop_seconds=60
    )


async def test_topics_are_made_and_events_published_handled_committed_and_put_back(
    settings: ServiceSettings, publisher: Publisher, consuming: Consuming, committed: Any
) -> None:
    handled: list[int] = []

    async def handle(batch: Any) -> None:
        handled.extend(event.row for event in batch.events)

    assert len(await apply_topics(settings)) == len(ALL_TOPICS)
    assert await apply_topics(settings) == []
    await publisher.publish(ROWS, [*(row(number) for number in range(300)), Message(b"k", b"rubbish", 0)])
    assert sum(lag.lag for lag in await read_lag(settings)) == 301
    async with consuming(handle):
        await until(lambda: len(handled) == 300)
    assert await committed() == 301
    assert [letter.reason async for letter in read_dead_letters(settings, ROWS)] == ["event.not_json"]
    assert (await replay_dead_letters(settings, ROWS)).replayed == 1


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """As asyncio.run; its loop, too, ends when the other side has said goodbye."""

    async def until_goodbye() -> Any:
        try:
            return await work
        finally:
            sockets = asyncio.get_running_loop()._selector.get_map()  # type: ignore[attr-defined]
            await until(lambda: len(sockets) == 1)  # the loop's own

    with asyncio.Runner() as runner:
        return runner.run(until_goodbye())


def refused(*arguments: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> str:
    """What the command line says as it ends with exit code 1."""
    monkeypatch.setattr(sys, "argv", ["rollcall", *arguments])
    monkeypatch.setattr(asyncio, "run", run)
    ours = structlog.get_config()
    with pytest.raises(SystemExit) as ended:
        main()
    structlog.configure(**ours)
    assert ended.value.code == 1
    said = capfd.readouterr()
    assert said.out == ""
    assert PASSWORD not in said.err
    assert "wrong-password" not in said.err
    return said.err


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PASSWORD", "wrong-password", "refuses the user 'rollcall': name or password is wrong"),
        ("SASL_MECHANISM", "PLAIN", "refuses the user 'by-scram-alone'"),
        ("CA_FILE", "", "is not trusted (self-signed certificate in certificate chain); set ROLLCALL_KAFKA_CA_FILE"),
        (
            "CA_FILE",
            "another",
            "is not trusted (self-signed certificate in certificate chain); set ROLLCALL_KAFKA_CA_FILE",
        ),
        ("BOOTSTRAP", "localhost", "is for another name (Hostname mismatch, certificate is not valid for 'localhost')"),
        ("SECURITY", "SSL", "does it expect another ROLLCALL_KAFKA_SECURITY than SSL?"),
        ("SECURITY", "PLAINTEXT", "does it expect another ROLLCALL_KAFKA_SECURITY than PLAINTEXT?"),
        ("USERNAME", STRANGER, "TopicAuthorizationFailedError: Describe on topic"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    broker: SecureKafka, name: str, value: str, said: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    told = broker.environment("by-scram-alone" if value == "PLAIN" else USER)
    values = {
        "another": str(Authority(tmp_path, "another").ca_file),
        "localhost": broker.secure.replace("127.0.0.1", value),
    }
    for variable, content in (told | {f"ROLLCALL_KAFKA_{name}": values.get(value, value)}).items():
        monkeypatch.setenv(variable, content)
    assert said in refused("topics", "check", monkeypatch=monkeypatch, capfd=capfd)


async def test_a_broker_that_goes_by_another_name_than_we_came_by_is_told_from_one_that_is_away(
    broker: SecureKafka,
) -> None:
    told = {name.removeprefix("ROLLCALL_").lower(): value for name, value in broker.environment(USER).items()}
    reason = await why_refused(KafkaSettings(**{**told, "kafka_bootstrap": broker.misnamed}))
    assert f"The certificate of localhost:{broker.misnamed.rpartition(':')[2]} is for another name" in reason
    assert "advertised.listeners" in reason
    assert await why_refused(KafkaSettings(**told)) == ""
    assert await why_refused(KafkaSettings(**{**told, "kafka_bootstrap": "127.0.0.1:1"})) == ""
