"""`rollcall demo`: the whole story on the local stack with a realistic file, over the public API only."""

import asyncio
import email
import email.policy
import time
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import asyncpg
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from cli.client import Api, JsonObject, Refused, connect, local_stack
from cli.follow import counts_table, follow, records_table
from cli.sign_in import MINUTES, make_link
from services.provisioner import directory
from shared.kafka.lag import read_lag
from shared.settings import KafkaSettings
from shared.topics import DIRECTORY

FILE = Path(__file__).parent.parent / "examples" / "learners.csv"
EXISTING_LEARNER = "ada.lovelace@northfield-college.org"
MAILS_SECONDS = 60.0  # how long to wait for the last mail before saying that it is late
MAILS_SHOWN = 8
HEARD_SECONDS = 20.0

console = Console()


def demo() -> None:
    """Import examples/learners.csv into the demo experience: check, review, run, outcomes, mails."""
    stack = local_stack()
    if not stack:
        raise Refused(0, "server.unknown", "No stack is up: start one with `rollcall up`.")
    api = connect(stack["base_url"], stack["token"])
    asyncio.run(_make_learner(stack))
    began = time.time()
    _step(1, f"Upload {FILE.name} to {stack['base_url']}")
    found = api.upload(stack["experience_id"], FILE, fields={"type": "experience-learners"})
    found = follow(api, found["id"], console)
    _step(2, "Review: how every record was understood, and what Run will do")
    _review(api, found)
    _step(3, "Run")
    api.post(f"/imports/{found['id']}/run")
    found = follow(api, found["id"], console)
    console.print(
        counts_table(found, "Outcomes", ("created", "added", "unchanged", "failed", "skipped", "not_imported"))
    )
    _step(4, "Mails")
    _show_mails(stack, since=began, expected=found["counts"]["created"] + 1)
    _where_next(stack, found)


async def _make_learner(stack: JsonObject) -> None:
    """Somebody who is a learner before the file comes, as another system of the platform would make one."""
    connection = await asyncpg.connect(stack["databases"]["provisioner"])
    try:
        await directory.add_account(connection, EXISTING_LEARNER, first_name="Ada", last_name="Lovelace")
        await directory.add_membership(connection, UUID(stack["experience_id"]), EXISTING_LEARNER, role="learner")
        with suppress(TimeoutError):  # too late for the plan, it would be shown as drift
            async with asyncio.timeout(HEARD_SECONDS):
                await _until_the_validator_has_heard(connection, KafkaSettings(kafka_bootstrap=stack["kafka"]))
    finally:
        await connection.close()


async def _until_the_validator_has_heard(provisioner: asyncpg.Connection, broker: KafkaSettings) -> None:
    while await provisioner.fetchval("select exists (select from outbox)"):
        await asyncio.sleep(0.1)
    while any(found.lag for found in await read_lag(broker) if found.topic == DIRECTORY.name):
        await asyncio.sleep(0.1)


def _step(number: int, title: str) -> None:
    console.rule(f"[bold]{number}. {title}", align="left")


def _review(api: Api, found: JsonObject) -> None:
    detected = found["file"]["detected"]
    taken = ", ".join(f"“{c['header']}” → {c['field'] or 'ignored'}" for c in detected["columns"])
    console.print(f"Read as {detected['encoding']}, columns {taken}")
    console.print(counts_table(found, "Pre-import statuses", ("ready", "warning", "error")))
    console.print(counts_table(found, "Plan", ("create", "add", "nothing", "none")))
    for status in ("error", "warning"):
        records = list(api.pages(f"/imports/{found['id']}/records", status=status, limit=200))
        console.print(records_table(records, f"Records with status {status}"))


def _show_mails(stack: JsonObject, *, since: float, expected: int) -> None:
    inbox = Path(stack["inbox"])
    seen: list[Path] = []
    for arrived in track(range(expected), description="Mails arriving", console=console):
        deadline = time.time() + MAILS_SECONDS
        while len(seen) <= arrived and time.time() < deadline:
            seen = [
                file for file in inbox.glob("[!.]*.eml") if file.stat().st_mtime >= since
            ]  # not those on their way, which vanish
            time.sleep(0 if len(seen) > arrived else 0.1)
    mails = [_to_and_subject(file) for file in seen]
    finish = [mail for mail in mails if stack["user"] in mail[0]]
    welcome = [mail for mail in mails if mail not in finish]
    table = Table("To", "Subject", title=f"{len(mails)} mails in {inbox}", title_justify="left")
    for mail in finish + welcome[:MAILS_SHOWN]:
        table.add_row(*map(escape, mail))
    if len(welcome) > MAILS_SHOWN:
        table.add_row("…", f"{len(welcome) - MAILS_SHOWN} more welcome mails")
    console.print(table)
    if len(seen) < expected:
        console.print(f"[red]{expected - len(seen)} mails have not arrived yet; see .rollcall/logs/notifier.log")
        raise typer.Exit(1)


def _to_and_subject(file: Path) -> tuple[str, str]:
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    return str(mail["To"]), str(mail["Subject"])


def _where_next(stack: JsonObject, found: JsonObject) -> None:
    console.rule("[bold]The stack stays up", align="left")
    link = make_link(stack["user"], to=f"/imports/{found['id']}")
    console.print(f"Pages        [bold]{link}", soft_wrap=True)
    console.print(
        f"             signs {stack['user']} in, once, within {MINUTES} minutes; another: rollcall sign-in-link {stack['user']}",
        soft_wrap=True,
    )
    console.print(f"API          {stack['base_url']}/api/v1  (described at {stack['base_url']}/api/v1/openapi.json)")
    console.print(f"This import  {stack['base_url']}/api/v1/imports/{found['id']}")
    console.print("Token        in .rollcall/stack.json")
    console.print("Try          .venv/bin/rollcall import examples/learners.csv --run --wait")
    console.print("Stop         make down")
