"""A database that refuses: its service waits, says so, and makes up for everything; nobody ends and the others go on."""

import asyncio
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import asyncpg
import pytest

from tests.pressure.four import OUTAGE_SECONDS, Four
from tests.system.outside import Outside, people, table, until

SERVICES = ("intake", "validator", "provisioner", "notifier")
ROWS = 300
Trouble = Callable[[Four, str], AbstractContextManager[None]]


def in_database(address: str, *statements: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(address)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


@contextmanager
def refused(four: Four, service: str) -> Iterator[None]:
    """Nobody listens where the database was."""
    proxy = four.proxies[service]
    four.background.call(proxy.refuse)
    try:
        yield
    finally:
        four.background.run(proxy.heal())


@contextmanager
def hanging(four: Four, service: str) -> Iterator[None]:
    """It takes connections and says nothing."""
    proxy = four.proxies[service]
    four.background.call(proxy.hang)
    try:
        yield
    finally:
        four.background.run(proxy.heal())


@contextmanager
def closed(four: Four, service: str) -> Iterator[None]:
    """Its connections are ended and it takes no new ones: as with too many connections, or in maintenance."""
    name = four.databases[service].rpartition("/")[2]
    server = four.databases[service].rpartition("/")[0] + "/postgres"
    end = f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
    in_database(server, f"alter database {name} allow_connections false", end)
    try:
        yield
    finally:
        in_database(server, f"alter database {name} allow_connections true")


@contextmanager
def read_only(four: Four, service: str) -> Iterator[None]:
    """It answers and takes no changes: as a standby does."""
    address = four.databases[service]
    name = address.rpartition("/")[2]
    end = f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}' and pid <> pg_backend_pid()"
    in_database(address, f"alter database {name} set default_transaction_read_only = on", end)
    try:
        yield
    finally:
        in_database(
            address,
            "set default_transaction_read_only = off",
            f"alter database {name} reset default_transaction_read_only",
            end,
        )


@contextmanager
def full(four: Four, service: str) -> Iterator[None]:
    """Each change is answered with 53100, as when its disk is full."""
    address = four.databases[service]
    in_database(
        address,
        "create function refuse() returns trigger language plpgsql as $$ begin"
        " raise 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$",
        _each_table("create trigger refuse before insert or update on {} for each statement execute function refuse()"),
    )
    try:
        yield
    finally:
        in_database(address, _each_table("drop trigger refuse on {}"), "drop function refuse")


def _each_table(statement: str) -> str:
    quoted = statement.replace("{}", "%I")
    return (
        "do $$ declare t text; begin for t in select tablename from pg_tables where schemaname = 'public'"
        f" loop execute format('{quoted}', t); end loop; end $$"
    )


# Every service and every trouble; each pair more is a line.
@pytest.mark.parametrize(
    ("service", "trouble"),
    [
        *((service, refused) for service in SERVICES),
        ("intake", read_only),
        ("intake", full),
        ("validator", hanging),
        ("provisioner", closed),
        ("notifier", full),
    ],
)
def test_a_service_waits_for_its_database_and_makes_up_for_all(
    four: Four, outside: Outside, service: str, trouble: Trouble
) -> None:
    tag = f"d{uuid.uuid4().hex[:8]}"
    ready = outside.prepared(outside.experience(f"Database {tag}"), table(people(ROWS, tag)))
    if service == "intake":  # work that comes to it while it cannot do any
        four.services["provisioner"].send(signal.SIGSTOP)
        press_run(outside, ready["id"])
    with trouble(four, service):
        if service == "intake":
            four.services["provisioner"].send(signal.SIGCONT)
            if trouble is not hanging:  # then the answer takes as long as a statement may, a minute
                answer = outside.http.post(f"/imports/{ready['id']}/cancel")
                assert (answer.status_code, answer.json()["code"]) == (503, "service.unavailable")
        else:
            press_run(outside, ready["id"])
            outside.upload(ready["experience_id"], table(people(ROWS, f"n{tag}")))
        until(lambda: not_ready(four) == [service], seconds=OUTAGE_SECONDS, what="it alone to say that it is not ready")
        assert [name for name in SERVICES if four.services[name].ask("/livez").is_success] == list(SERVICES)
    four.until_well()
    if service == "intake":
        outside.upload(ready["experience_id"], table(people(ROWS, f"n{tag}")))
    assert outside.wait(ready["id"], "finished")["counts"]["created"] == ROWS
    until(lambda: outside.import_(ready["id"])["email_counts"]["sent"] == ROWS, seconds=180, what="all mails")
    assert sum(address.startswith(tag) for address in four.office.recipients) == ROWS
    (second,) = [one for one in imports_of(outside, ready["experience_id"]) if one["id"] != ready["id"]]
    assert outside.wait(second["id"], "ready")["counts"]["create"] == ROWS


def not_ready(four: Four) -> list[str]:
    return [name for name in SERVICES if four.services[name].reasons()]


def press_run(outside: Outside, import_id: str) -> None:
    assert outside.http.post(f"/imports/{import_id}/run").status_code == 202


def imports_of(outside: Outside, experience: str) -> list[dict[str, Any]]:
    return list(outside.http.get(f"/experiences/{experience}/imports").json()["items"])
