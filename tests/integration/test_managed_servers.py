"""One import through four services whose servers are managed ones: a broker with TLS, passwords and rights (each service has those that
docs/topics.md names, and no other), databases that are reached by TLS alone, and source files in a bucket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.intake.users.first_steps import prepare_demo
from shared.kafka.admin import apply_topics, check_topics
from shared.kafka.dead_letters import read_dead_letters
from shared.kafka.lag import read_lag
from shared.kafka.publish import Message, open_publisher
from shared.kafka.refused import LACKS_A_RIGHT
from shared.kafka.replay import replay_dead_letters
from shared.rights import rights_of_operator, rights_of_service, rights_of_subscriber, rights_to_set_topics
from shared.settings import KafkaSettings
from shared.topics import ALL_TOPICS, APPROVALS, CHECKS, CONSUMERS, LIFECYCLE, RESULTS, TOPICS
from tests.integration.conftest import SESSION_SECONDS
from tests.stack.mails import Mailbox
from tests.stack.object_store import BUCKET, ObjectStore
from tests.stack.secure_kafka import PASSWORD, SecureKafka
from tests.stack.service_process import ServiceProcess, service_process
from tests.stack.tls_postgres import TlsPostgres
from tests.system.outside import Outside, adds_up, people, table, until

pytestmark = pytest.mark.usefixtures("goodbyes")

RIGHTS = {
    **{service: rights_of_service(service) for service in CONSUMERS},
    "topics": rights_to_set_topics(),
    "operator": rights_of_operator(),
    "subscriber": rights_of_subscriber("its-groups."),
}


def settings_of(user: str, kafka: SecureKafka) -> KafkaSettings:
    named = {name.removeprefix("ROLLCALL_").lower(): value for name, value in kafka.environment(user).items()}
    return KafkaSettings(**named)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kafka(secure_broker: SecureKafka) -> SecureKafka:
    await secure_broker.introduce(RIGHTS)
    await apply_topics(settings_of("topics", secure_broker))
    return secure_broker


@pytest_asyncio.fixture
async def services(
    kafka: SecureKafka, tls_database: TlsPostgres, bucket_server: ObjectStore, smtp: Mailbox, tmp_path: Path
) -> AsyncIterator[dict[str, ServiceProcess]]:
    """All four, ready."""
    async with AsyncExitStack() as opened:
        files = bucket_server.environment()
        mails = {"ROLLCALL_SMTP_HOST": smtp.host, "ROLLCALL_SMTP_PORT": str(smtp.port)}
        own = {"intake": {"ROLLCALL_FILE_STORE_URL": f"s3://{BUCKET}/rollcall", **files}, "notifier": mails}
        starting = {
            service: opened.enter_async_context(
                service_process(
                    service,
                    {
                        **kafka.environment(service), "ROLLCALL_DATABASE_URL": tls_database.address(service),
                        **own.get(service, {}),
                    },
                    tmp_path / f"{service}.log",
                )
            )
            for service in CONSUMERS
        }  # fmt: skip
        yield dict(zip(starting, await asyncio.gather(*starting.values()), strict=True))


async def test_an_import_is_checked_run_and_told_of_with_the_rights_that_are_documented(
    services: dict[str, ServiceProcess], kafka: SecureKafka, tls_database: TlsPostgres, smtp: Mailbox
) -> None:
    known = await prepare_demo(tls_database.address("intake"))
    await asyncio.sleep(SESSION_SECONDS)  # no connection of the services' start outlives it
    outside = Outside({"base_url": services["intake"].url, **known, "inbox": str(smtp.folder)})
    finished = await asyncio.to_thread(imported, outside, known["experience_id"])
    assert finished["counts"]["created"] == 100
    assert adds_up(finished)
    await until_nobody_lags(settings_of("intake", kafka))
    for topic in TOPICS:
        assert [letter async for letter in read_dead_letters(settings_of("intake", kafka), topic)] == []
    said = "".join(process.log.read_text() for process in services.values())
    assert PASSWORD not in said
    assert "Authorization" not in said


async def until_nobody_lags(settings: KafkaSettings) -> None:
    """Offsets are committed after everybody can see what became of the rows."""
    async with asyncio.timeout(120):
        while not all(lag.lag == 0 for lag in await read_lag(settings) if lag.topic != "imports.emails"):
            await asyncio.sleep(0.2)


def imported(outside: Outside, experience: str) -> dict[str, Any]:
    ready = outside.prepared(experience, table(people(100, "managed")))
    finished = outside.run(ready["id"])
    until(lambda: len(outside.mails(to="managed.")) == 100, seconds=60, what="100 welcome mails")
    return finished


async def test_nobody_may_do_what_is_anothers(kafka: SecureKafka) -> None:
    for service, topic in (
        ("validator", APPROVALS),
        ("provisioner", CHECKS),
        ("notifier", RESULTS),
        ("intake", RESULTS),
    ):
        async with open_publisher(settings_of(service, kafka)) as publisher:
            with pytest.raises(LACKS_A_RIGHT):
                await publisher.publish(topic, [Message(b"k", b"{}")])
    with pytest.raises(LACKS_A_RIGHT):
        await check_topics(settings_of("subscriber", kafka), ALL_TOPICS)
    await check_topics(settings_of("subscriber", kafka), (LIFECYCLE, RESULTS))
    with pytest.raises(LACKS_A_RIGHT):
        await apply_topics(settings_of("operator", kafka))
    assert (await replay_dead_letters(settings_of("operator", kafka), CHECKS)).replayed == 0


async def test_a_service_that_is_refused_waits_says_why_and_works_once_it_is_let_in(
    kafka: SecureKafka, tls_database: TlsPostgres, tmp_path: Path
) -> None:
    told = {**kafka.environment("nobody"), "ROLLCALL_DATABASE_URL": tls_database.address("validator")}
    service = ServiceProcess("validator", told, tmp_path / "validator.log")
    service.launch()
    await asyncio.to_thread(
        until, lambda: "refuses the user 'nobody'" in service.log.read_text(), seconds=60, what="a reason"
    )
    assert (await service.get("/readyz")).status_code == 503
    await kafka.introduce({"nobody": rights_of_service("validator")})
    await service.until_ready()
    assert await service.stop() == 0
    assert PASSWORD not in service.log.read_text()
