"""Telling the whole directory again, for listeners that have lost their copy or a part of it."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg

from services.provisioner.directory import hold, message_of, moment
from services.provisioner.store import QUERIES, Connection
from shared.events import DirectoryChanged
from shared.postgres.outbox import put_in_outbox
from shared.topics import DIRECTORY

PAGE = 1000  # facts told in one transaction, for which imports wait

Walk = Callable[..., AsyncIterator[asyncpg.Record]]


async def announce_directory(connection: Connection) -> int:
    """Tell every account and membership there is, as of now; returns how many facts. (What is gone cannot be told again: nobody
    keeps it.)"""
    return (
        await _announce(connection, QUERIES.accounts_to_tell, {"account_id": 0})
        + await _announce(connection, QUERIES.memberships_to_tell, {"experience_id": None, "account_id": 0, "role": ""})
    )  # fmt: skip


async def _announce(connection: Connection, walk: Walk, place: dict[str, Any]) -> int:
    """Tell page after page what the walk finds behind a place. No change by hand and no batch comes between reading a page and its
    moment, so that the newest fact stays the true one."""
    facts = 0
    while True:
        async with connection.transaction():
            await hold(connection)
            page = [row async for row in walk(connection, **place, limit=PAGE)]
            at = await moment(connection)
            events = [DirectoryChanged(present=True, at=at, **row) for row in page]
            await put_in_outbox(connection, DIRECTORY, *map(message_of, events))
        facts += len(page)
        if len(page) < PAGE:
            return facts
        place = {name: page[-1][name] for name in place}
