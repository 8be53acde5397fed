"""`rollcall retention` against four databases and a broker, with no service running."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, cast

import asyncpg
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from cli.app import app
from services.intake import retention as intake
from services.intake.deps import Deps
from services.intake.settings import Settings as IntakeSettings
from services.notifier import retention as notifier
from services.notifier.settings import Settings as NotifierSettings
from services.provisioner import retention as provisioner
from services.provisioner.settings import Settings as ProvisionerSettings
from services.validator import retention as validator
from services.validator.settings import Settings as ValidatorSettings
from shared.postgres.retention import apply_once
from tests.integration.intake.answers import ALL_ANSWERED

NOTHING: Any = None
Addresses = dict[str, str]


async def apply_all(addresses: Addresses) -> None:
    for service, address in addresses.items():
        async with asyncpg.create_pool(address, min_size=1, max_size=2) as pool, pool.acquire() as connection:
            await apply_once(cast(Any, connection), limits_of(service, address, pool))


def limits_of(service: str, address: str, pool: Any) -> Any:
    url = SecretStr(address)
    if service == "intake":
        settings = IntakeSettings(database_url=url, file_store_url="file:///nowhere")
        return intake.limits(Deps(pool=pool, publisher=NOTHING, file_store=NOTHING, settings=settings, **ALL_ANSWERED))
    return {
        "validator": lambda: validator.limits(ValidatorSettings(database_url=url)),
        "provisioner": lambda: provisioner.limits(ProvisionerSettings(database_url=url)),
        "notifier": lambda: notifier.limits(NotifierSettings(database_url=url)),
    }[service]()


@pytest.fixture
async def addresses(database: Callable[[str], Awaitable[str]]) -> Addresses:
    return {service: await database(service) for service in ("intake", "validator", "provisioner", "notifier")}


@pytest.fixture
def look(addresses: Addresses, kafka: str, topic_prefix: str) -> Callable[[], Awaitable[tuple[int, dict[str, str]]]]:
    """The exit code, and the trouble with each kind that has any."""
    options = [f"--{service}-database-url={address}" for service, address in addresses.items()]

    async def run() -> tuple[int, dict[str, str]]:
        arguments = ["retention", "--json", "--kafka", kafka, *options]
        done = await asyncio.to_thread(CliRunner(env={"ROLLCALL_TOPIC_PREFIX": topic_prefix}).invoke, app, arguments)
        found = json.loads(done.stdout)
        return done.exit_code, {place["what"]: place["trouble"] for place in found if place["trouble"]}

    return run


async def test_a_service_that_never_applied_its_limits_is_named(addresses: Addresses, look: Any) -> None:
    code, trouble = await look()
    assert code == 1
    assert {"records", "emails seen", "answers", "addresses of mails"} <= set(trouble)
    await apply_all(addresses)
    assert await look() == (0, {})


async def test_what_is_too_old_is_named_with_how_much_and_a_job_that_sleeps_too(
    addresses: Addresses, look: Any
) -> None:
    await apply_all(addresses)
    connection = await asyncpg.connect(addresses["provisioner"])
    await connection.execute(
        "insert into results (import_id, row, event, created_at) values ($1, 2, 'x', now() - interval '213 days')",
        uuid.uuid4(),
    )
    await connection.close()
    connection = await asyncpg.connect(addresses["notifier"])
    await connection.execute(
        "update retention set applied_at = now() - interval '3 hours' where what = 'mails never sent'"
    )
    await connection.close()
    assert await look() == (
        1, {"answers": "3.0 days too old", "mails never sent": "not applied lately: is the service up?"},
    )  # fmt: skip
    await apply_all(addresses)
    assert await look() == (0, {})
