"""Intake put together: its database, files and publisher, what it consumes, its background work, its API."""

from contextlib import AsyncExitStack
from pathlib import Path

from services.intake.api.http import build_http
from services.intake.background import background_loops
from services.intake.consumers import SUBSCRIPTIONS
from services.intake.deps import Deps
from services.intake.file_store import FileStore
from services.intake.measure_imports import measure_imports
from services.intake.settings import Settings
from shared.kafka.lag_gauges import measure_lag
from shared.kafka.publish import open_publisher
from shared.postgres.outbox import measure_outbox
from shared.postgres.pool import open_database
from shared.service import Service

_CONNECTIONS = 12  # of one process: three consumers, background work, the rest for requests


async def create_app(settings: Settings, resources: AsyncExitStack) -> Service[Deps]:
    """Intake, ready to run. `resources` closes what it opened."""
    deps = Deps(
        pool=await resources.enter_async_context(open_database(settings, Path(__file__).parent, _CONNECTIONS)),
        publisher=await resources.enter_async_context(open_publisher(settings)),
        file_store=FileStore(settings.file_store_url),
        settings=settings,
    )

    async def database() -> None:
        await deps.pool.fetchval("select 1")

    return Service(
        name="intake",
        settings=settings,
        deps=deps,
        subscriptions=SUBSCRIPTIONS,
        loops=background_loops(deps),
        http=build_http(deps),
        checks={"database": database},
        measurements=(measure_imports(deps.pool), measure_outbox(deps.pool), measure_lag(settings)),
    )
