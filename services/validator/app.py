"""The validator put together: its database, its publisher, what it consumes."""

from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from services.validator.consumers import SUBSCRIPTIONS, Deps
from services.validator.retention import limits
from services.validator.settings import Settings
from services.validator.store import Store
from shared.kafka.publish import open_publisher
from shared.postgres.pool import check_database, open_database
from shared.postgres.retention import apply_retention, measure_retention
from shared.service import Service


async def create_app(settings: Settings, resources: AsyncExitStack) -> Service[Deps]:
    """The validator, ready to run. `resources` closes what it opened."""
    pool = await resources.enter_async_context(open_database(settings, Path(__file__).parent))
    publisher = await resources.enter_async_context(open_publisher(settings))

    return Service(
        name="validator",
        settings=settings,
        deps=Deps(store=Store(pool), publisher=publisher),
        subscriptions=SUBSCRIPTIONS,
        loops=(partial(apply_retention, pool, limits(settings)),),
        checks={"database": lambda: check_database(pool)},
        measurements=(measure_retention(pool, limits(settings)),),
    )
