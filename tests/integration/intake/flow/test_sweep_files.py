"""Files of uploads that never became imports go; every other file stays."""

import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from services.intake.upload.sweep_files import OLD, sweep_once
from services.intake.upload.take_upload import source_path
from shared.clock import now
from tests.integration.intake.flow.world import csv

SOME = UUID(int=7)
YESTERDAY = (now() - OLD - timedelta(hours=1)).timestamp()


@pytest.fixture
def stored(world):
    """Stores a file as an upload does, at a time; returns where."""

    async def stored(path, modified=YESTERDAY):
        async def chunks():
            yield b"Email\n"

        await world.deps.file_store.save(path, chunks())
        file = folder(world) / path
        os.utime(file, (modified, modified))
        return file

    return stored


def folder(world):
    return Path(world.deps.file_store._store.prefix)


async def sweep(world):
    return await sweep_once(world.deps, before=now() - OLD)


async def test_a_file_that_no_import_names_goes_after_a_day(world, stored):
    lost, fresh = await stored(source_path(uuid4())), await stored(source_path(uuid4()), now().timestamp())
    assert await sweep(world) == 1
    assert not lost.exists()
    assert fresh.exists()


async def test_the_file_of_an_import_stays_however_old(world, stored):
    import_id = uuid4()
    await world.submit(csv(3), id=import_id, file_path=source_path(import_id))
    file = await stored(source_path(import_id))
    assert await sweep(world) == 0
    assert file.exists()


@pytest.mark.parametrize(
    "path", ["imports/notes.txt", f"elsewhere/{SOME}", f"imports/{SOME}/more", f"imports/{SOME.hex}"]
)
async def test_what_is_not_ours_stays(world, stored, path):
    file = await stored(path)
    assert await sweep(world) == 0
    assert file.exists()


async def test_what_a_killed_process_was_writing_goes_too(world, stored):
    await stored(source_path(uuid4()), now().timestamp())
    remnants = [folder(world) / f"{source_path(uuid4())}#{number}" for number in (1, 2)]
    for remnant, modified in zip(remnants, (YESTERDAY, now().timestamp()), strict=True):
        remnant.write_bytes(b"Em")
        os.utime(remnant, (modified, modified))
    assert await sweep(world) == 1
    assert [remnant.exists() for remnant in remnants] == [False, True]


async def test_many_files_go_in_one_sweep(world, stored):
    for _ in range(120):
        await stored(source_path(uuid4()))
    assert await sweep(world) == 120
    assert await sweep(world) == 0
