"""Watching an import from the terminal: progress bars while it moves, tables of what came of it."""

import time
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli.client import Api, JsonObject

POLL_SECONDS = 0.2
BEFORE_REVIEW = ("submitted", "preprocessing")
WHILE_RUNNING = ("running", "cancelling")


def follow(api: Api, import_id: str, console: Console) -> JsonObject:
    """Show progress until the import waits for a person or is over; the import as it is then."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bars: dict[str, TaskID] = {}
        while True:
            found = api.get(f"/imports/{import_id}")
            _show(progress, bars, found)
            if found["status"] not in BEFORE_REVIEW + WHILE_RUNNING:
                return found
            time.sleep(POLL_SECONDS)


def _show(progress: Progress, bars: dict[str, TaskID], found: JsonObject) -> None:
    rows = found["progress"]["rows"]
    running = found["status"] in (*WHILE_RUNNING, "finished")
    name, done = ("Run", "provisioned") if running else ("Pre-processing", "checked")
    total = rows - found["counts"]["error"] if running else rows
    if name not in bars:
        bars[name] = progress.add_task(name, total=None)
    progress.update(bars[name], completed=min(found["progress"][done], total), total=total or None)


def counts_table(found: JsonObject, title: str, names: Iterable[str], *, of: str = "counts") -> Table:
    """Some of an import's counts, a line each."""
    table = Table(title=title, title_justify="left", show_header=False, min_width=24)
    for name in names:
        table.add_row(name.replace("_", " "), f"{found[of][name]:,}", style=None if found[of][name] else "dim")
    return table


def records_table(records: Iterable[JsonObject], title: str = "Records") -> Table:
    """Records with how they were understood, what will happen or happened, and why."""
    table = Table(title=title, title_justify="left")
    table.add_column("Row", justify="right", no_wrap=True)
    table.add_column("Email", max_width=36, overflow="fold")
    table.add_column("Name", max_width=20)
    table.add_column("Status")
    table.add_column("Problems", ratio=1)
    for record in records:
        values = record["values"]
        table.add_row(
            str(record["row"]),
            escape(values.get("email", "")),
            escape(" ".join(filter(None, (values.get("first_name"), values.get("last_name"))))),
            f"{_coloured(record['status'])}\n{record['outcome'] or record['plan']}",
            "\n".join(f"{escape(problem['message'])} [dim]{problem['code']}[/]" for problem in record["problems"]),
        )
    return table


def _coloured(status: str) -> str:
    colour = {"ready": "green", "warning": "yellow", "error": "red"}.get(status, "default")
    return f"[{colour}]{status}[/{colour}]"
