"""The notifier as a process of its own, on a real broker, database and mail server."""

import asyncio
import signal

import asyncpg
import pytest

from shared.events import Codec, EmailKind, EmailPolicy, EmailSettled, EmailStatus, LifecycleType, encode
from shared.kafka.publish import Message, open_publisher
from shared.settings import KafkaSettings
from shared.topics import EMAILS, LIFECYCLE, RESULTS
from tests.integration.notifier.conftest import eventually
from tests.integration.notifier.post_office import Silence
from tests.stack.service_process import SECONDS, read_topic, service_process
from tests.unit.notifier.builders import IMPORT, OTHER_IMPORT, changed, provisioned


@pytest.fixture
async def process(database, kafka, topic_prefix, tmp_path, post_office):
    environment = {
        "ROLLCALL_KAFKA_BOOTSTRAP": kafka, "ROLLCALL_TOPIC_PREFIX": topic_prefix,
        "ROLLCALL_DATABASE_URL": await database("notifier"),
        "ROLLCALL_SMTP_HOST": "127.0.0.1", "ROLLCALL_SMTP_PORT": str(post_office.port),
        "ROLLCALL_MAIL_FROM": "Rollcall <no-reply@rollcall.example>", "ROLLCALL_MAILS_PER_SECOND": "0",
        "ROLLCALL_BASE_URL": "https://rollcall.example",
    }  # fmt: skip
    async with service_process("notifier", environment, tmp_path / "notifier.log") as process:
        yield process


@pytest.fixture
async def publish(kafka, topic_prefix):
    async with open_publisher(KafkaSettings(kafka_bootstrap=kafka, topic_prefix=topic_prefix)) as publisher:

        async def publish(topic, events):
            key = "import_id" if topic is LIFECYCLE else "email_key"
            await publisher.publish(topic, [Message(getattr(event, key).encode(), encode(event)) for event in events])

        yield publish


@pytest.fixture
async def told(kafka, topic_prefix):
    """`await told(count)`: what became of so many mails, from the topic's beginning. Who asks again is told again."""

    async def told(count):
        mails, records = {}, []
        while len(mails) < count:
            records = await read_topic(kafka, topic_prefix + EMAILS.name, max(count, len(records) + 1))
            assert {record.key.decode() for record in records} <= {IMPORT, OTHER_IMPORT}
            events = [Codec(EmailSettled).decode(record.value) for record in records]
            mails = {(event.import_id, event.kind, event.row): event for event in events}
        return list(mails.values())

    return told


def people(count, **changes):
    return [provisioned(n, n + 1, email=f"p{n}@example.edu", **changes) for n in range(1, count + 1)]


async def test_an_import_is_welcomed_and_told_of(process, publish, told, post_office):
    await publish(RESULTS, people(30))
    await publish(LIFECYCLE, [changed(), changed(LifecycleType.COMPLETED)])
    events = await told(31)
    assert {event.status for event in events} == {EmailStatus.SENT}
    assert sorted(event.row for event in events if event.kind is EmailKind.WELCOME) == list(range(2, 32))
    assert sorted(post_office.recipients) == sorted(
        [*(f"p{n}@example.edu" for n in range(1, 31)), "starter@example.edu"]
    )
    assert await process.stop() == 0


async def test_nothing_is_sent_twice_when_everything_is_told_again(process, publish, told, post_office):
    for _ in range(3):
        await publish(LIFECYCLE, [changed(), changed(LifecycleType.COMPLETED)])
        await publish(RESULTS, people(30))
    await publish(LIFECYCLE, [changed(import_id=OTHER_IMPORT)])
    await publish(RESULTS, [provisioned(99, 99, email="other@example.edu", import_id=OTHER_IMPORT)])
    await told(32)
    assert len(post_office.recipients) == len(set(post_office.recipients)) == 32


async def test_a_killed_process_leaves_one_doubtful_mail_and_the_rest_arrives(process, publish, told, post_office):
    post_office.to_mail.append(Silence.HANG)
    await publish(LIFECYCLE, [changed()])
    await publish(RESULTS, people(20))

    async def almost_all_arrived():
        return len(post_office.mails) == 20

    await eventually(almost_all_arrived)
    await process.stop(signal.SIGKILL)
    database = await asyncpg.connect(process.environment["ROLLCALL_DATABASE_URL"])
    await database.execute("update emails set lease_until = now()")
    await database.close()
    await process.start()
    events = await told(20)
    assert 1 <= sum(event.status is EmailStatus.DOUBTFUL for event in events) <= 4  # as many as there are connections
    assert len(post_office.recipients) == len(set(post_office.recipients)) == 20


async def test_while_the_mail_server_is_down_events_are_consumed_and_the_process_is_ready(
    process, publish, told, post_office
):
    await post_office.close()
    await publish(LIFECYCLE, [changed()])
    await publish(RESULTS, people(50))

    async def paused():
        return 'rollcall_mail_server_trouble{trouble="away"} 1.0' in (await process.get("/metrics")).text

    await eventually(paused)
    await publish(LIFECYCLE, [changed(import_id=OTHER_IMPORT, emails=EmailPolicy.HOLD)])
    await publish(RESULTS, people(5, import_id=OTHER_IMPORT))
    database = await asyncpg.connect(process.environment["ROLLCALL_DATABASE_URL"])

    async def all_queued():
        return await database.fetchval("select count(*) from emails") == 55

    await eventually(all_queued)
    await database.close()
    assert (await process.get("/livez")).is_success
    assert (await process.get("/readyz")).is_success
    await post_office.open()
    assert {event.status for event in await told(50)} == {EmailStatus.SENT}
    assert len(post_office.recipients) == 50


async def test_an_unreadable_template_stops_the_start_and_says_which(process, tmp_path):
    await process.stop()
    (tmp_path / "welcome.html").write_text("{{ nobody_knows_this }}")
    process.environment["ROLLCALL_TEMPLATES_FOLDER"] = str(tmp_path)
    process.launch()
    assert await asyncio.to_thread(process.running.wait, SECONDS) == 1
    assert "welcome template" in process.log.read_text()
