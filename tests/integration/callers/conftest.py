"""Intake and the provisioner's directory behind real ports, with an import in every state that answers differ by."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack

import asyncpg
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from services.provisioner.http import directory_api
from services.provisioner.provision import provision
from tests.integration.callers.world import DIRECTORY_TOKEN, Intake, open_intake
from tests.stack.databases import Databases
from tests.stack.served import served
from tests.unit.provisioner.builders import IMPORT, approvals


@pytest.fixture(scope="module")
def new_database(databases: Databases) -> Iterator[Callable[[str], str]]:
    made: list[str] = []

    def new(service: str) -> str:
        made.append(asyncio.run(databases.new(service)))
        return made[-1]

    yield new
    for address in made:
        asyncio.run(databases.drop(address))


@pytest.fixture(scope="module")
def intake(new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    with open_intake(new_database("intake"), tmp_path_factory.mktemp("files")) as opened:
        yield opened


@pytest.fixture(scope="module")
def directory(new_database: Callable[[str], str]) -> Iterator[str]:
    dsn = new_database("provisioner")

    async def build(resources: AsyncExitStack) -> FastAPI:
        pool = await resources.enter_async_context(asyncpg.create_pool(dsn, min_size=1, max_size=4))
        await provision(pool, approvals([f"Person{n}@example.edu" for n in range(5)], import_id=IMPORT))
        return directory_api(pool, SecretStr(DIRECTORY_TOKEN))

    with served(build) as address:
        yield address
