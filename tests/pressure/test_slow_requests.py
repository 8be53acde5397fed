"""Requests that are slow, and many, hold up each other and not the imports."""

import signal
import uuid
from concurrent.futures import ThreadPoolExecutor

import asyncpg

from tests.pressure.four import Four
from tests.system.outside import Outside, people, table, until

REQUESTS = 24  # three times as many as there are connections for them


async def locked(address: str, table_name: str) -> asyncpg.Connection:
    """A connection that keeps everybody else from a table until it is closed."""
    connection: asyncpg.Connection = await asyncpg.connect(address)
    await connection.execute(f"begin; lock table {table_name} in access exclusive mode")
    return connection


def test_requests_that_hold_every_connection_do_not_stop_an_import(four: Four, outside: Outside) -> None:
    tag = f"r{uuid.uuid4().hex[:8]}"
    ready = outside.prepared(outside.experience(f"Slow requests {tag}"), table(people(500, tag)), emails="hold")
    four.services["provisioner"].send(signal.SIGSTOP)
    assert outside.http.post(f"/imports/{ready['id']}/run").status_code == 202
    # A download is noted in the audit log first: it waits there, with a connection in its hand.
    lock = four.background.run(locked(four.databases["intake"], "audit_log"))
    with ThreadPoolExecutor(REQUESTS) as threads:
        downloads = [threads.submit(outside.http.get, f"/imports/{ready['id']}/records.csv") for _ in range(REQUESTS)]
        until(lambda: waiting(four) >= 8, seconds=30, what="requests to hold connections")
        four.services["provisioner"].send(signal.SIGCONT)
        try:
            until(lambda: provisioned(four, ready["id"]) == 500, seconds=40, what="the import to go on")
            until(lambda: four.services["intake"].reasons() == [], seconds=40, what="intake to be ready")
        finally:
            four.background.run(lock.close())
        assert {download.result().status_code for download in downloads} == {200}
    assert outside.wait(ready["id"], "finished")["counts"]["created"] == 500


def waiting(four: Four) -> int:
    return int(
        four.asked(
            "intake",
            "select count(*) from pg_stat_activity where query like '%audit_log%' and wait_event = 'relation'",
        )
    )


def provisioned(four: Four, import_id: str) -> int:
    return int(four.asked("intake", f"select provisioned from imports where id = '{import_id}'"))
