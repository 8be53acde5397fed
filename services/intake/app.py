"""Intake put together: its database, files and publisher, what it consumes, its background work, its API."""

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from services.intake.api.http import build_http
from services.intake.background import background_loops
from services.intake.consumers import SUBSCRIPTIONS
from services.intake.deps import Deps
from services.intake.file_store import FileStore
from services.intake.measure_imports import measure_imports
from services.intake.retention import limits
from services.intake.settings import Settings
from services.intake.webhooks.measure_webhooks import measure_webhooks
from services.intake.work.claim_work import Worker
from shared.kafka.handled import Handled
from shared.kafka.lag_gauges import measure_lag
from shared.kafka.publish import open_publisher
from shared.postgres.outbox import measure_outbox
from shared.postgres.pool import check_database, open_database
from shared.postgres.retention import measure_retention
from shared.service import Service
from shared.topics import APPROVALS, CHECKS, RESULTS, ROWS

# Of one process. Requests have their own, so that many slow ones hold up each other and not the imports.
_WORK_CONNECTIONS = 8  # three consumers, background work, health
_REQUEST_CONNECTIONS = 8


async def create_app(settings: Settings, resources: AsyncExitStack) -> Service[Deps]:
    """Intake, ready to run. `resources` closes what it opened."""
    folder = Path(__file__).parent
    deps = Deps(
        pool=await resources.enter_async_context(open_database(settings, folder, _WORK_CONNECTIONS)),
        publisher=await resources.enter_async_context(open_publisher(settings)),
        file_store=FileStore(settings.file_store_url),
        settings=settings,
        rows_answered=Handled(settings, ("validator", ROWS), ("intake", CHECKS)).upto,
        approvals_answered=Handled(settings, ("provisioner", APPROVALS), ("intake", RESULTS)).upto,
    )

    worker = Worker(deps)
    for_requests = await resources.enter_async_context(open_database(settings, folder, _REQUEST_CONNECTIONS))
    return Service(
        name="intake",
        settings=settings,
        deps=deps,
        subscriptions=SUBSCRIPTIONS,
        loops=background_loops(deps, worker),
        http=build_http(replace(deps, pool=for_requests)),
        impairments={"file_store": deps.file_store.check},
        checks={"database": lambda: check_database(deps.pool), "work": worker.check},
        measurements=(
            measure_imports(deps.pool),
            measure_outbox(deps.pool),
            measure_webhooks(deps.pool),
            measure_lag(settings),
            measure_retention(deps.pool, limits(deps)),
        ),
    )
