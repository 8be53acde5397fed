"""A pool of connections that waits for its database and brings its schema up to date."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import asyncpg
import structlog

from shared.postgres.away import DATABASE_AWAY
from shared.postgres.migrate import migrate
from shared.postgres.tls import tls_of
from shared.settings import ServiceSettings

log = structlog.get_logger()

T = TypeVar("T")

WAIT_SECONDS = 120.0  # for a database that starts together with us; after it the process exits and is started again
_REFUSALS = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)  # no waiting cures them
# Every statement looks up keys, some thousand at once, and shall cost the same whatever the size of the table. So a plan
# is made anew for each call (one kept from when a table was empty took 7 s instead of 40 ms), goes from key to key along
# indexes instead of through the table or all of an experience (200 ms instead of 10 ms per batch), and starts no parallel
# workers (27 ms instead of 5 ms for 2,000 keys).
# Behind PgBouncer: ignore_startup_parameters = these names.
_SERVER_SETTINGS = {
    "plan_cache_mode": "force_custom_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",  # would collect and sort what an index has in order
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}


@asynccontextmanager
async def open_database(
    settings: ServiceSettings, service_folder: Path, connections: int = 8
) -> AsyncIterator[asyncpg.Pool]:
    """A pool on the service's own database, migrated with `<service_folder>/migrations/*.sql`."""
    dsn = settings.database_url.get_secret_value()
    pool = await _when_there(
        lambda: asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=connections,
            command_timeout=60,
            server_settings=_SERVER_SETTINGS,
            ssl=tls_of(dsn),
        )
    )
    try:
        await _when_there(lambda: migrate(pool, service_folder / "migrations"))
        yield pool
    finally:
        try:
            await asyncio.wait_for(pool.close(), 5)
        except TimeoutError:
            pool.terminate()


async def check_database(pool: asyncpg.Pool) -> None:
    """Raise while the database does not answer, or answers and takes no changes, as a standby does."""
    if await pool.fetchval("select current_setting('transaction_read_only')") == "on":
        raise asyncpg.ReadOnlySQLTransactionError


async def _when_there(act: Callable[[], Awaitable[T]]) -> T:
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        try:
            return await act()
        except DATABASE_AWAY as error:
            log.warning("database.away", error=type(error).__name__, **_detail(error))
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(1)
        except _REFUSALS as error:
            log.error("database.refused", error=type(error).__name__, detail=str(error))
            raise


def _detail(error: BaseException) -> dict[str, str]:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return {}
    why = f"its certificate is not trusted ({error.verify_message})"
    return {"detail": f"{why}; look at sslrootcert and the host in ROLLCALL_DATABASE_URL"}
