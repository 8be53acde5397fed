"""What the notifier is made of."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import structlog

from services.notifier.compose import CannotCompose, Composer
from services.notifier.consumers import SUBSCRIPTIONS, Deps
from services.notifier.deliver import Delivery
from services.notifier.measure_queue import measure_queue
from services.notifier.pace import ServerPause
from services.notifier.retention import limits
from services.notifier.settings import Settings
from services.notifier.smtp_pool import SmtpPool
from services.notifier.store import Store
from services.notifier.tell import tell_settled
from shared.kafka.publish import open_publisher
from shared.postgres.pool import open_database
from shared.postgres.retention import apply_retention, measure_retention
from shared.service import Service

log = structlog.get_logger()


async def create_app(settings: Settings, resources: AsyncExitStack) -> Service[Deps]:
    """Open what the notifier needs and wire it. The mail server need not be there."""
    composer = Composer(
        base_url=settings.base_url, mail_from=settings.mail_from, templates_folder=settings.templates_folder
    )
    try:
        composer.check()
    except CannotCompose as error:  # its words name a template and nobody; a traceback alone is logged without words
        log.error("templates.faulty", reason=str(error))
        raise
    connections = settings.smtp_connections + 6  # one for each mail in flight, the rest for batches, leases, telling
    pool = await resources.enter_async_context(open_database(settings, Path(__file__).parent, connections))
    publisher = await resources.enter_async_context(open_publisher(settings))
    store, pause = Store(pool), ServerPause()
    queued, settled = asyncio.Event(), asyncio.Event()
    delivery = Delivery(
        settings, store=store, smtp=SmtpPool(settings), composer=composer, pause=pause, queued=queued, settled=settled
    )

    async def tell() -> None:
        await tell_settled(store, publisher, settled)

    return Service(
        name="notifier",
        settings=settings,
        deps=Deps(store=store, publisher=publisher, queued=queued),
        subscriptions=SUBSCRIPTIONS,
        loops=(delivery.deliver_mails, tell, partial(apply_retention, pool, limits(settings))),
        impairments={"mail_server": pause.check_reachable},
        checks={"database": store.check, "mail_settings": pause.check},
        measurements=(measure_queue(store), measure_retention(pool, limits(settings))),
    )
