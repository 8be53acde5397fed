"""What the notifier may keep of people, for how long, and how it is removed: to whom mails went. That a mail went stays known for ever,
by account and import: the same fact told again must not send another."""

from collections.abc import Sequence
from datetime import datetime

from asyncpg.pool import PoolConnectionProxy

from services.notifier.settings import Settings
from services.notifier.store import queries
from shared.postgres.retention import Limit, Oldest, Remove, changed

OLDEST: dict[str, Oldest] = {
    "addresses of mails": queries.oldest_address,
    "mails never sent": queries.oldest_never_sent,
}
NEVER_SENT = "This mail was kept back for longer than addresses are kept."


def limits(settings: Settings) -> Sequence[Limit]:
    """All of it, as the settings say."""
    chosen: dict[str, tuple[float, Remove]] = {
        "addresses of mails": (settings.address_days, _remove_addresses),
        "mails never sent": (settings.never_sent_days, _end_never_sent),
    }
    return [
        Limit(what=what, days=days, oldest=OLDEST[what], remove=remove) for what, (days, remove) in chosen.items()
    ]  # fmt: skip


async def _remove_addresses(connection: PoolConnectionProxy, before: datetime, most: int) -> int:
    return changed(await queries.remove_addresses(connection, before=before, most=most))


async def _end_never_sent(connection: PoolConnectionProxy, before: datetime, most: int) -> int:
    return changed(await queries.end_never_sent(connection, before=before, most=most, reason=NEVER_SENT))
