"""`make chaos ARGS="--seconds 60 --seed 7"`: imports while everything breaks, and what an oracle outside says of it.
Exit code 1 when a promise was broken."""

import asyncio
import logging
import random
import tempfile
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.table import Table

from .faults import Fault
from .oracle import Wrong, doubtful
from .recovery import recovery_table
from .run import Told, run_chaos

console = Console(width=140)


def chaos(
    seconds: Annotated[float, typer.Option(help="How long faults strike.")] = 60.0,
    seed: Annotated[int | None, typer.Option(help="Of faults and files; printed, to run the same again.")] = None,
    rows: Annotated[int, typer.Option(help="Most rows of a file.")] = 3_000,
    home: Annotated[Path | None, typer.Option(help="Folder for data and logs, which are kept there.")] = None,
) -> None:
    """Import, break things, heal, look."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    seed = random.randrange(1_000_000) if seed is None else seed
    console.print(f"seed {seed}, {seconds:.0f} s of faults, files of up to {rows} rows")
    with tempfile.TemporaryDirectory(prefix="rollcall-chaos-") as folder:
        told = asyncio.run(run_chaos(home or Path(folder), seed=seed, seconds=seconds, rows=rows))
    _show(told)
    raise typer.Exit(1 if told.violations else 0)


def _show(told: Told) -> None:
    table = Table("fault", "part", "times", "at work again, median s", "longest s")
    times = {**told.seen.topics.times, "mails": told.mail_times}
    for line in recovery_table(told.struck, times):
        table.add_row(line.fault, line.part, str(line.times), _seconds(line.median), _seconds(line.longest))
    console.print(table)
    for violation in told.violations[:100]:
        console.print(f"[bold red]{violation.wrong}[/] {violation.sentence}", soft_wrap=True)
    for name in doubtful(told.seen):
        console.print(f"doubtful: {name}")
    console.print(_totals(told), soft_wrap=True)


def _totals(told: Told) -> str:
    hit = [one.strike.fault for one in told.struck if one.hit]
    wrong = {kind: sum(1 for violation in told.violations if violation.wrong is kind) for kind in Wrong}
    records = sum(len(records) for records in told.seen.records.values())
    trouble = ", ".join(f"{times} × {what}" for what, times in sorted(told.trouble.items())) or "none"
    return (
        f"{len(told.asked)} imports, {records} records, {len(told.seen.accounts)} accounts, {len(told.seen.mails)} mails\n"
        f"{len(hit)} faults, {hit.count(Fault.KILL)} of them kills; quiet {told.quiet_after:.1f} s after the last\n"
        f"calls that people had to make again: {trouble}\n"
        + ", ".join(f"{number} {kind}" for kind, number in wrong.items())
        + f", {len(doubtful(told.seen))} doubtful"
    )


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


if __name__ == "__main__":
    typer.run(chaos)
