"""Four services under pressure, once for all tests of this folder, and one person who looks on."""

import asyncio
import secrets
import signal
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from cli.local.service_parts import SERVICES
from services.intake.users.first_steps import prepare_demo
from shared.kafka.admin import apply_topics, open_admin
from shared.settings import KafkaSettings
from shared.topics import ALL_TOPICS
from tests.pressure.background import Background
from tests.pressure.four import Four, Service, environments
from tests.pressure.moods import MoodyOffice
from tests.pressure.small_disk import SmallDisk, small_disk
from tests.stack.databases import Databases
from tests.stack.proxy import Proxy
from tests.system.outside import Outside


@pytest.fixture(scope="session")
def background() -> Iterator[Background]:
    """Where proxies and the mail server live."""
    running = Background()
    yield running
    running.close()


@pytest.fixture(scope="session")
def topics_of_pressure(kafka: str) -> Iterator[str]:
    """All topics under a prefix of their own."""
    settings = KafkaSettings(kafka_bootstrap=kafka, topic_prefix=f"test-{secrets.token_hex(6)}.")

    async def delete() -> None:
        async with open_admin(settings) as admin:
            await admin.delete_topics([settings.topic_prefix + topic.name for topic in ALL_TOPICS])

    asyncio.run(apply_topics(settings))
    yield settings.topic_prefix
    asyncio.run(delete())


@pytest.fixture(scope="session")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    """A file system of a few megabytes."""
    with small_disk(tmp_path_factory.mktemp("disk")) as made:
        yield made


@pytest.fixture(scope="session")
def addresses(databases: Databases) -> Iterator[dict[str, str]]:
    """A database for each service."""

    async def drop() -> None:
        for address in made.values():
            await databases.drop(address)

    async def make() -> dict[str, str]:
        return {name: await databases.new(name) for name in SERVICES}

    made = asyncio.run(make())
    yield made
    asyncio.run(drop())


@pytest.fixture(scope="session")
def running_four(
    kafka: str, topics_of_pressure: str, addresses: dict[str, str], disk: SmallDisk, background: Background,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Four]:  # fmt: skip
    """The four, well."""
    port = urlsplit(next(iter(addresses.values()))).port
    assert port is not None
    proxies = {name: Proxy(lambda: [port]) for name in SERVICES}
    office = background.run(_made(MoodyOffice))
    background.run(office.open())
    for proxy in proxies.values():
        background.run(proxy.heal())
    common = {"KAFKA_BOOTSTRAP": kafka, "TOPIC_PREFIX": topics_of_pressure, "REPLICA": "0"}
    settings = environments(proxies, addresses, common=common, office=office, files=disk.files)
    logs = tmp_path_factory.mktemp("logs")
    services = {name: Service(name, settings[name], logs / f"{name}.log") for name in SERVICES}
    four = Four(
        stack=_stack(services["intake"], addresses["intake"]), services=services, databases=addresses,
        proxies=proxies, office=office, background=background,
        kafka=kafka, topic_prefix=topics_of_pressure,
    )  # fmt: skip
    try:
        four.until_well()
        yield four
    finally:
        _end([service.process for service in services.values()])
        background.run(office.close())
        for proxy in proxies.values():
            background.run(proxy.close())


@pytest.fixture
def four(running_four: Four) -> Iterator[Four]:
    """The four, well before the test and afterwards: what was made bad is good again, and nobody has ended."""
    running_four.until_well()
    yield running_four
    running_four.until_well()


@pytest.fixture
def outside(four: Four) -> Outside:
    """A platform administrator."""
    return Outside(four.stack)


async def _made(office: type[MoodyOffice]) -> MoodyOffice:
    return office()


def _stack(intake: Service, database: str) -> dict[str, Any]:
    people = asyncio.run(prepare_demo(database, None))
    return {**people, "base_url": f"http://127.0.0.1:{intake.port}"}


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.send_signal(signal.SIGCONT)
        process.terminate()
    for process in processes:
        process.wait(120)
