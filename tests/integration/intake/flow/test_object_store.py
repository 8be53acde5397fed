"""Source files in a bucket, through an S3 server that checks signatures and rights, on a way that breaks."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
from structlog.testing import capture_logs

from services.intake.erase_files import erase_files
from services.intake.file_store import FileStore, FileStoreAwayError, FileStoreRefusedError
from services.intake.retention import limits
from services.intake.settings import Settings
from services.intake.upload.sweep_files import sweep_once
from services.intake.upload.take_upload import FOLDER, source_path
from shared.clock import now
from shared.topics import ROWS
from tests.integration.intake.flow.world import World, csv, eventually
from tests.stack.object_store import BUCKET
from tests.stack.proxy import Proxy

URL = f"s3://{BUCKET}/flow"
MEGABYTE = bytes(1024 * 1024)


@pytest.fixture
async def way(bucket_server, monkeypatch):
    """To the server; a new file store goes along it."""
    proxy = Proxy(lambda: [bucket_server.port])
    await proxy.heal()
    for name, value in bucket_server.environment(proxy.port).items():
        monkeypatch.setenv(name, value)
    yield proxy
    await proxy.close()


@pytest.fixture
async def world(database, way):
    dsn = await database("intake")
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=8, command_timeout=30)
    settings = Settings(database_url=dsn, file_store_url=URL, reading_window=500)
    yield await World(pool, FileStore(URL), settings).begin()
    pool.terminate()


async def of(megabytes, after=lambda number: None):
    for number in range(megabytes):
        yield MEGABYTE
        after(number)


async def size_of(store, path):
    return sum(map(len, await asyncio.to_thread(lambda: list(store.blocking_chunks(path)))))


async def stored(store, folder):
    return [path async for some in store.stored_before(now() + timedelta(days=1), folder=folder) for path in some]


@pytest.mark.usefixtures("way")
async def test_files_of_any_size_are_stored_listed_read_and_removed():
    store = FileStore(URL)
    await store.check()
    for megabytes in (0, 1, 12):
        await store.save(f"any/{megabytes}", of(megabytes))
        assert await size_of(store, f"any/{megabytes}") == megabytes * len(MEGABYTE)
    assert sorted(await stored(store, "any")) == ["any/0", "any/1", "any/12"]
    for _ in range(2):
        await store.delete("any/12")
    assert sorted(await stored(store, "any")) == ["any/0", "any/1"]


@pytest.mark.parametrize(
    ("variable", "url", "code"),
    [
        ("AWS_SECRET_ACCESS_KEY", URL, "SignatureDoesNotMatch"),
        ("AWS_ACCESS_KEY_ID", URL, "InvalidAccessKeyId"),
        ("", "s3://somebody-elses/rollcall", "AccessDenied"),
        ("", f"s3://{BUCKET}-that-is-not-there/rollcall", "NoSuchBucket"),
    ],
)
@pytest.mark.usefixtures("way")
async def test_keys_rights_and_buckets_that_are_wrong_are_told_apart_from_a_store_that_is_away(
    variable, url, code, monkeypatch
):
    if variable:
        monkeypatch.setenv(variable, "wrong-key")
    store = FileStore(url)
    with capture_logs() as logs:
        for asked in (store.check, lambda: store.save("imports/x", of(1)), lambda: store.delete("imports/x")):
            with pytest.raises(FileStoreRefusedError):
                await asked()
    assert {line["code"] for line in logs} == {code}
    assert "wrong-key" not in str(logs)


async def test_a_file_of_a_bucket_that_is_not_there_is_waited_for_and_not_called_gone(world):
    store = FileStore(f"s3://{BUCKET}-that-is-not-there/rollcall")
    with pytest.raises(FileStoreAwayError):
        await size_of(store, "imports/x")
    with pytest.raises(FileNotFoundError):
        await size_of(world.deps.file_store, "imports/x")


async def test_a_store_that_goes_away_in_the_middle_of_an_upload_keeps_nothing_of_it_and_takes_the_next(way):
    store = FileStore(URL)
    with pytest.raises(FileStoreAwayError):
        await store.save("broken/a", of(20, lambda number: way.refuse() if number == 11 else None))
    await way.heal()
    assert await stored(store, "broken") == []
    await store.save("broken/a", of(12))
    assert await size_of(store, "broken/a") == 12 * len(MEGABYTE)


async def test_a_reader_that_rests_goes_on_though_its_connection_was_cut(way):
    store = FileStore(URL)
    await store.save("rest/a", of(12))
    chunks = store.blocking_chunks("rest/a")
    read = len(await asyncio.to_thread(next, chunks))
    way.cut()
    assert read + await asyncio.to_thread(lambda: sum(map(len, chunks))) == 12 * len(MEGABYTE)


@pytest.mark.usefixtures("worker")
async def test_an_import_whose_store_goes_away_while_it_is_read_is_read_to_its_end_later(world, way):
    notes = "x" * 4_000  # so that the file is read in several pieces
    lines = "\n".join(f"person{number}@example.edu,Ann,Lee,{notes}" for number in range(3_000))
    import_id = await world.submit(f"Email,First Name,Last Name,Notes\n{lines}\n")
    await eventually(lambda: len(world.kafka.messages[ROWS.name]) >= 500)
    way.refuse()
    with capture_logs() as logs:

        async def failed():
            await world.answered(import_id, "ready", ROWS)
            return "import.work_failed" in str(logs)

        await eventually(failed, 60)
    assert await world.status(import_id) == "preprocessing"
    await way.heal()
    await eventually(lambda: world.answered(import_id, "ready", ROWS), 60)
    row = await world.row(import_id)
    assert (row["rows"], row["checked"]) == (3_000, 3_000)


@pytest.mark.usefixtures("worker")
async def test_files_that_nobody_names_are_swept_and_old_or_unwanted_ones_removed(world):
    store, lost, named = world.deps.file_store, source_path(uuid4()), uuid4()
    await store.save(lost, of(1))
    await world.submit(csv(3), id=named, file_path=source_path(named))
    assert await sweep_once(world.deps, before=now() + timedelta(hours=1)) == 1
    assert lost not in await stored(store, FOLDER)
    assert source_path(named) in await stored(store, FOLDER)

    unwanted, old = await world.finished(csv(3)), await world.finished(csv(3))
    (of_files,) = (limit for limit in limits(world.deps) if limit.what == "source files")
    async with world.pool.acquire() as connection, connection.transaction():
        assert [line.count for line in await erase_files(connection, [unwanted], store)] == [1]
        assert await of_files.remove(connection, now() + timedelta(days=1), 10) == 1
    for import_id in (unwanted, old):
        with pytest.raises(FileNotFoundError):
            await size_of(store, (await world.row(import_id))["file_path"])
