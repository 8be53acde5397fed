"""A notifier's queue in Postgres, a mail server that does as it is told, and deliveries between them."""

import asyncio
import time
from contextlib import asynccontextmanager, suppress

import asyncpg
import pytest

from services.notifier.compose import Composer
from services.notifier.deliver import Delivery
from services.notifier.pace import ServerPause
from services.notifier.settings import Settings
from services.notifier.smtp_pool import SmtpPool
from services.notifier.store import Store
from tests.integration.notifier.post_office import PostOffice

PATIENCE_SECONDS = 120


async def eventually(condition):
    """Wait until the awaitable condition holds, and return what it says."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := await condition()):
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.02)
    return found


@pytest.fixture
async def pool(database):
    async with asyncpg.create_pool(await database("notifier"), min_size=1, max_size=12, command_timeout=60) as pool:
        yield pool


@pytest.fixture
def store(pool):
    return Store(pool)


@pytest.fixture
async def open_post_office():
    """Opens mail servers, with aiosmtpd's options; they are closed after the test."""
    offices = []

    async def open_post_office(**options):
        offices.append(PostOffice(**options))
        await offices[-1].open()
        return offices[-1]

    yield open_post_office
    for office in offices:
        await office.close()


@pytest.fixture
async def post_office(open_post_office):
    return await open_post_office()


@pytest.fixture
def settings(post_office):
    """Changes to the settings of a delivery; short waits."""

    def settings(**changes):
        fields = {
            "database_url": "postgresql://unused/unused", "smtp_host": "127.0.0.1", "smtp_port": post_office.port,
            "mail_from": "Rollcall <no-reply@rollcall.example>", "mails_per_second": 0, "mail_retry_seconds": 0.05,
            "smtp_seconds": 60, "smtp_answer_seconds": 60,
        }  # fmt: skip
        return Settings(**{**fields, **changes})

    return settings


@pytest.fixture
def delivering(store, settings):
    """`async with delivering(...) as delivery_task:` mails are delivered meanwhile."""

    @asynccontextmanager
    async def delivering(store=store, pause=None, **changes):
        chosen = settings(**changes)
        delivery = Delivery(
            chosen,
            store=store,
            smtp=SmtpPool(chosen),
            composer=Composer(base_url=chosen.base_url, mail_from=chosen.mail_from),
            pause=pause or ServerPause(),
            queued=asyncio.Event(),
            settled=asyncio.Event(),
        )
        task = asyncio.create_task(delivery.deliver_mails())
        try:
            yield task
        finally:
            if task.cancel():  # else it ended by itself, and the test has seen how
                with suppress(asyncio.CancelledError):
                    await task

    return delivering


@pytest.fixture
def emails(pool):
    """What the queue says: {status: number of mails}, or the value of one column for each mail."""

    async def emails(column=None):
        if column:
            return [row[column] for row in await pool.fetch(f"select {column} from emails order by row, id")]
        return dict(await pool.fetch("select status, count(*) from emails group by status"))

    return emails


@pytest.fixture
def settled(emails):
    """Wait until the queue holds nothing that is still to be done, and return what became of the mails."""

    async def all_settled():
        counts = await emails()
        return counts if counts and not set(counts) & {"queued", "claimed", "sending"} else None

    return lambda: eventually(all_settled)
