"""The provisioner's start: database, publisher, what it consumes, the outbox of changes by hand, the
directory API, retention."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from services.provisioner.consumers import SUBSCRIPTIONS, Deps
from services.provisioner.http import directory_api
from services.provisioner.retention import limits
from services.provisioner.settings import Settings
from shared.kafka.publish import open_publisher
from shared.postgres.outbox import measure_outbox, relay_outbox
from shared.postgres.pool import check_database, open_database
from shared.postgres.retention import apply_retention, measure_retention
from shared.service import Service


async def create_app(settings: Settings, resources: AsyncExitStack) -> Service[Deps]:
    """Wire the service. Returns when its database and its broker have answered."""
    pool = await resources.enter_async_context(open_database(settings, Path(__file__).parent))
    publisher = await resources.enter_async_context(open_publisher(settings))
    changed_here = asyncio.Event()  # never set: changes by hand come from other processes, the relay looks for them

    async def relay_directory_changes() -> None:
        await relay_outbox(pool, publisher, changed_here)

    return Service(
        name="provisioner",
        settings=settings,
        deps=Deps(pool, publisher),
        subscriptions=SUBSCRIPTIONS,
        loops=(relay_directory_changes, partial(apply_retention, pool, limits(settings))),
        http=directory_api(pool, settings.directory_token),
        checks={"database": lambda: check_database(pool)},
        measurements=(measure_outbox(pool), measure_retention(pool, limits(settings))),
    )
