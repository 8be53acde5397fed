"""What the validator may keep of people, for how long, and how it is removed. What is known to be there is the directory's copy and
stays; that something is gone is forgotten once no topic can say any more that it is there."""

from collections.abc import Sequence
from datetime import datetime

from asyncpg.pool import PoolConnectionProxy

from services.validator.settings import Settings
from services.validator.store import QUERIES
from shared.postgres.retention import Limit, Oldest, Remove, changed

OLDEST: dict[str, Oldest] = {
    "emails seen": QUERIES.oldest_seen,
    "imports that are over": QUERIES.oldest_mark,
    "who is gone": QUERIES.oldest_gone,
}
_ACCOUNTS_AT_ONCE = 100  # each is looked for in every experience


def limits(settings: Settings) -> Sequence[Limit]:
    """All of it, as the settings say."""
    chosen: dict[str, tuple[float, Remove]] = {
        "emails seen": (settings.seen_days, _remove_seen),
        "imports that are over": (settings.gone_days, _remove_marks),
        "who is gone": (settings.gone_days, _remove_gone),
    }
    return [
        Limit(what=what, days=days, oldest=OLDEST[what], remove=remove) for what, (days, remove) in chosen.items()
    ]  # fmt: skip


async def _remove_seen(connection: PoolConnectionProxy, before: datetime, most: int) -> int:
    """The emails of an import that never ended; one that did is forgotten when it is told."""
    await QUERIES.notice_seen(connection)
    import_id = await QUERIES.first_seen_before(connection, before=before)
    if import_id is None:
        return 0
    await QUERIES.mark_forgotten(connection, import_ids=[import_id])
    emails = changed(await QUERIES.remove_seen(connection, import_id=import_id, most=most))
    if not emails:
        await QUERIES.remove_noticed(connection, import_id=import_id)
    return emails or 1


async def _remove_marks(connection: PoolConnectionProxy, before: datetime, most: int) -> int:
    return changed(await QUERIES.remove_marks(connection, before=before, most=most))


async def _remove_gone(connection: PoolConnectionProxy, before: datetime, most: int) -> int:
    found = [row async for row in QUERIES.accounts_gone(connection, before=before, most=min(most, _ACCOUNTS_AT_ONCE))]
    if found:
        keys, times = [row["email_key"] for row in found], [row["changed_at"] for row in found]
        await QUERIES.remove_memberships_with(connection, email_keys=keys, gone_at=times)
        await QUERIES.remove_accounts_gone(connection, email_keys=keys, before=before)
    return len(found) + changed(await QUERIES.remove_memberships_gone(connection, before=before, most=most))
