"""`rollcall up` and `rollcall down`: the local stack, in the foreground or as a daemon."""

import subprocess
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.local.daemon import ALREADY_RUNNING, spawn, stop, wait_started
from cli.local.lock import is_held
from cli.local.stack_file import Home, find_home, read_json
from cli.local.starting import Step

console = Console()

_LOOKS = {
    Step.WAITING: ("·", "dim"), Step.PREPARING: ("…", "yellow"), Step.STARTING: ("…", "cyan"), Step.READY: ("✓", "green"),
    Step.FAILED: ("✗", "bold red"),
}  # fmt: skip


def up(
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete all data of the local stack and start empty.")] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Come back when everything is ready; stop with `down`.")
    ] = False,
) -> None:
    """Start Kafka, Postgres, an inbox for mails and the four services on this machine. Ctrl-C ends them."""
    home = Home(find_home())
    if is_held(home.lock):
        _already_up(home, fresh)
        return
    supervisor = spawn(home, fresh=fresh, detach=detach)
    try:
        failure = _show_start(home, supervisor)
        if supervisor.poll() == ALREADY_RUNNING:
            _already_up(home, fresh)
            return
        if failure:
            supervisor.wait()  # it stops what had started
            console.print(Text(f"The stack did not start: {failure}", style="bold red"))
            raise typer.Exit(1)
        _say_where(home, detach)
        if not detach:
            raise typer.Exit(supervisor.wait())
    except KeyboardInterrupt:
        console.print("Stopping …")
        _end(supervisor)


def down() -> None:
    """Stop the local stack; data stays for the next `up`."""
    console.print("Stopped." if stop(Home(find_home())) else "No stack was up.")


def _already_up(home: Home, fresh: bool) -> None:
    if fresh:
        console.print("A stack is up already; stop it with `rollcall down` before `up --fresh`.")
        raise typer.Exit(1)
    failure = _show_start(home, None)  # it may be on its way still
    if failure:
        console.print(Text(f"The stack did not start: {failure}", style="bold red"))
        raise typer.Exit(1)
    console.print("A stack is up already.")
    _say_where(home, detach=True)


def _show_start(home: Home, supervisor: "subprocess.Popen[bytes] | None") -> str:
    with Live(console=console, refresh_per_second=8) as live:
        failure = wait_started(home, supervisor, lambda steps: live.update(_steps_table(steps)))
    if not console.is_terminal:
        console.line()  # what is live on a terminal ends without one elsewhere
    return failure


def _steps_table(steps: Mapping[str, Step]) -> Table:
    table = Table.grid(padding=(0, 1))
    for name, step in steps.items():
        sign, style = _LOOKS[step]
        table.add_row(Text(sign, style), name, Text(step.value, style))
    return table


def _say_where(home: Home, detach: bool) -> None:
    stack = read_json(home.stack)
    console.print(f"Rollcall is up: [bold]{stack['base_url']}[/]  (addresses and tokens: {home.stack})", soft_wrap=True)
    console.print("Stop it with `rollcall down`." if detach else "Ctrl-C stops it.")


def _end(supervisor: "subprocess.Popen[bytes]") -> None:
    supervisor.terminate()
    while supervisor.poll() is None:
        with suppress(KeyboardInterrupt):  # an impatient second one; data is being closed
            supervisor.wait()
