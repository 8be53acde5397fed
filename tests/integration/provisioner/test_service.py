"""The provisioner as a process of its own, on a real broker and database."""

import asyncio
import json
import signal
from uuid import UUID

import asyncpg
import httpx
import pytest

from services.provisioner import directory
from shared.events import EmailPolicy, ImportChanged, LifecycleType, encode
from shared.kafka.publish import Message, open_publisher
from shared.settings import KafkaSettings
from shared.topics import APPROVALS, DIRECTORY, LIFECYCLE, RESULTS
from tests.stack.service_process import SECONDS, read_topic, service_process
from tests.unit.provisioner.builders import EXPERIENCE, OTHER_IMPORT, approval, approvals


@pytest.fixture
async def process(database, kafka, topic_prefix, tmp_path):
    environment = {
        "ROLLCALL_KAFKA_BOOTSTRAP": kafka, "ROLLCALL_TOPIC_PREFIX": topic_prefix,
        "ROLLCALL_DATABASE_URL": await database("provisioner"), "ROLLCALL_DIRECTORY_TOKEN": "long-enough-and-random",
    }  # fmt: skip
    async with service_process("provisioner", environment, tmp_path / "provisioner.log") as process:
        yield process


@pytest.fixture
async def publish(kafka, topic_prefix):
    async with open_publisher(KafkaSettings(kafka_bootstrap=kafka, topic_prefix=topic_prefix)) as publisher:

        async def publish(topic, events, key):
            await publisher.publish(topic, [Message(key(event).encode(), encode(event)) for event in events])

        yield publish


@pytest.fixture
async def read(kafka, topic_prefix):
    """`await read(topic, count)`: so many records of a topic, from its beginning."""

    async def read(topic, count):
        return await read_topic(kafka, topic_prefix + topic.name, count)

    return read


def email_key(event):
    return event.email_key


async def test_approvals_become_results_on_the_same_partition_with_the_same_key(process, publish, read):
    batch = approvals([f"person{n}@example.edu" for n in range(50)])
    await publish(APPROVALS, batch, email_key)
    approved, results = await read(APPROVALS, 50), await read(RESULTS, 50)
    assert {json.loads(record.value)["outcome"] for record in results} == {"created"}
    assert {(r.key, r.partition) for r in results} == {(r.key, r.partition) for r in approved}
    assert await process.stop() == 0


async def test_a_killed_provisioner_goes_on_where_it_was(process, publish, read):
    batch = approvals([f"person{n}@example.edu" for n in range(6000)])
    publishing = asyncio.create_task(publish(APPROVALS, batch, email_key))
    await read(RESULTS, 1)
    await process.stop(signal.SIGKILL)
    await publishing
    await process.start()
    await publish(APPROVALS, [approval("last@example.edu", 9999)], email_key)
    words = await _words_when_complete(read, 6001)
    assert all(len(some) == 1 for some in words.values())
    assert {json.loads(word)["outcome"] for some in words.values() for word in some} == {"created"}
    assert await _count(process, "accounts") == 6001


async def _words_when_complete(read, records):
    """(import id, row) -> all that was ever said of it."""
    count = records
    while True:
        words = {}
        for record in await read(RESULTS, count):
            event = json.loads(record.value)
            words.setdefault((event["import_id"], event["row"]), set()).add(record.value)
        if len(words) == records:
            return words
        count += 1


async def _count(process, table):
    connection = await asyncpg.connect(process.environment["ROLLCALL_DATABASE_URL"])
    try:
        return await connection.fetchval(f"select count(*) from {table}")
    finally:
        await connection.close()


async def test_an_approval_without_a_proper_import_is_a_dead_letter_and_the_rest_goes_on(process, publish, read):
    batch = [approval(), approval("grace@example.edu", import_id="x"), approval("alan@example.edu", 3)]
    await publish(APPROVALS, batch, email_key)
    assert len(await read(RESULTS, 2)) == 2
    (dead,) = await read(APPROVALS.dead, 1)
    assert b"approval.import_id_invalid" in [value for _, value in dead.headers]


async def test_after_cancelling_the_records_of_an_import_are_skipped(process, publish, read):
    cancelling = ImportChanged(
        id=f"{OTHER_IMPORT}/ImportCancelling", type=LifecycleType.CANCELLING, at="2026-01-01T00:00:00+00:00",
        import_id=OTHER_IMPORT, import_type="experience-learners", experience_id=EXPERIENCE,
        experience_name="Biology", file_name="learners.csv", emails=EmailPolicy.SEND, submitted_by="a@example.edu",
    )  # fmt: skip
    await publish(LIFECYCLE, [cancelling], lambda event: event.import_id)
    async with asyncio.timeout(SECONDS):
        while True:
            if await _count(process, "cancelled_imports"):
                break
            await asyncio.sleep(0.05)
    await publish(APPROVALS, [approval(import_id=OTHER_IMPORT), approval("grace@example.edu")], email_key)
    events = [json.loads(record.value) for record in await read(RESULTS, 2)]
    assert {event["import_id"]: event["outcome"] for event in events}.pop(OTHER_IMPORT) == "skipped"
    assert sorted(event["outcome"] for event in events) == ["created", "skipped"]


async def test_a_change_by_hand_is_told_and_shown(process, read):
    connection = await asyncpg.connect(process.environment["ROLLCALL_DATABASE_URL"])
    await directory.add_account(connection, "ada@example.edu")
    await directory.add_membership(connection, UUID(EXPERIENCE), "ada@example.edu")
    await connection.close()
    keys = {record.key for record in await read(DIRECTORY, 2)}
    assert keys == {b"ada@example.edu", f"ada@example.edu/{EXPERIENCE}/learner".encode()}
    base = f"{process.url}/api/v1"
    headers = {"Authorization": "Bearer long-enough-and-random"}
    async with httpx.AsyncClient(trust_env=False, headers=headers) as http:
        answer = await http.get(f"{base}/experiences/{EXPERIENCE}/memberships")
    assert [member["email"] for member in answer.json()["items"]] == ["ada@example.edu"]


async def test_a_database_that_ends_its_connections_is_waited_for(process, publish, read):
    await publish(APPROVALS, [approval()], email_key)
    await read(RESULTS, 1)
    connection = await asyncpg.connect(process.environment["ROLLCALL_DATABASE_URL"])
    for turn in range(3):
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        await publish(APPROVALS, [approval(f"person{turn}@example.edu", 3 + turn)], email_key)
        await directory.add_account(connection, f"other{turn}@example.edu")
        await read(RESULTS, 2 + turn)
        await read(DIRECTORY, 1 + turn)
    await connection.close()
    assert process.running.poll() is None
