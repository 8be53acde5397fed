"""The provisioner as a process of its own, on a real broker and database."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from uuid import UUID

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer

from services.provisioner import directory
from shared.events import EmailPolicy, ImportChanged, LifecycleType, encode
from shared.kafka.publish import Message, open_publisher
from shared.settings import KafkaSettings
from shared.topics import APPROVALS, DIRECTORY, LIFECYCLE, RESULTS
from tests.unit.provisioner.builders import EXPERIENCE, OTHER_IMPORT, approval, approvals

SECONDS = 60  # a slow machine's patience


class Process:
    """The service, started with `python -m services.provisioner`, that may be killed and started again."""

    def __init__(self, environment, log):
        self.environment, self.log, self.running = environment, log, None

    def launch(self):
        with self.log.open("ab") as output:
            command = [sys.executable, "-m", "services.provisioner"]
            self.running = subprocess.Popen(command, env=os.environ | self.environment, stdout=output, stderr=output)

    async def start(self):
        self.launch()
        url = f"http://127.0.0.1:{self.environment['ROLLCALL_PORT']}/readyz"
        async with asyncio.timeout(SECONDS), httpx.AsyncClient(trust_env=False) as http:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await http.get(url)).is_success:
                        return
                assert self.running.poll() is None, self.log.read_text()
                await asyncio.sleep(0.1)

    async def stop(self, number=signal.SIGTERM):
        self.running.send_signal(number)
        return await asyncio.to_thread(self.running.wait, SECONDS)


@pytest.fixture
async def process(database, kafka, topic_prefix, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "ROLLCALL_KAFKA_BOOTSTRAP": kafka, "ROLLCALL_TOPIC_PREFIX": topic_prefix, "ROLLCALL_REPLICA": "0",
        "ROLLCALL_DATABASE_URL": await database("provisioner"), "ROLLCALL_PORT": str(port),
        "ROLLCALL_DIRECTORY_TOKEN": "long-enough-and-random",
    }  # fmt: skip
    process = Process(environment, tmp_path / "provisioner.log")
    await process.start()
    yield process
    if process.running.poll() is None:
        await process.stop(signal.SIGKILL)


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
        name = topic_prefix + topic.name
        records = []
        async with asyncio.timeout(SECONDS), AIOKafkaConsumer(
            name, bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False
        ) as consumer:  # fmt: skip
            while len(records) < count:
                for some in (await consumer.getmany(timeout_ms=200)).values():
                    records += some
        return records

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
    base = f"http://127.0.0.1:{process.environment['ROLLCALL_PORT']}/api/v1"
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
