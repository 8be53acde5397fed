"""`make bench`: sizes of imports through a running stack, and the pure-SQL limit on the same Postgres in the same run."""

import json
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.files import write_known, write_learners
from bench.processes import Usage, usage
from bench.pure_sql import pure_sql
from cli.client import Api, JsonObject, connect, local_stack
from cli.local.postgres import admin_dsn
from cli.local.stack_file import Home, find_home, read_json

POLL_SECONDS = 0.05  # rarely enough to cost nothing; the seconds of the table are the times that intake wrote down
console = Console(width=150)


def bench(
    sizes: Annotated[list[int] | None, typer.Argument(help="Rows per import; 1000000 takes a few minutes.")] = None,
    behind: Annotated[
        int, typer.Option(help="Rows of the import that a 10-row import waits behind; 0 leaves it out.")
    ] = 300_000,
) -> None:
    """Measure pre-processing and Run on the stack that is up."""
    stack = local_stack()
    api = connect(stack["base_url"], stack["token"])
    table = Table(
        "rows", "pre-processing rows/s", "Run rows/s", "first status s", "ready s", "Run s", "pure SQL rows/s", "ratio"
    )
    used = Table("rows", "stage", "part", "CPU s", "CPU µs/row", "peak MB")
    for rows in sizes or [10, 1_000, 100_000]:
        _measure(api, rows, table, used)
    console.print(table)
    console.print(used)
    if behind:
        console.print(_behind(api, behind))


def _measure(api: Api, rows: int, table: Table, used: Table) -> None:
    tag = f"b{int(time.time())}"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "learners.csv"
        experience = _experience_with_known(api, Path(folder), rows, tag)
        write_learners(source, rows, tag=tag)
        before = usage(local_stack()["pids"])
        first, ready = _preprocess(api, experience, source)
        between = usage(local_stack()["pids"])
        finished = _run(api, ready["id"])
        after = usage(local_stack()["pids"])
        limit = pure_sql(_superuser(), source)
    prepared, ran = _seconds(finished, "submitted_at", "ready_at"), _seconds(finished, "started_at", "finished_at")
    importable = rows - finished["counts"]["error"]
    table.add_row(
        f"{rows:,}", f"{rows / prepared:,.0f}", f"{importable / ran:,.0f}", f"{first:.3f}", f"{prepared:.3f}", f"{ran:.3f}",
        f"{limit.check_rows_per_second:,.0f} / {limit.run_rows_per_second:,.0f}",
        f"{rows / prepared / limit.check_rows_per_second:.2f} / {importable / ran / limit.run_rows_per_second:.2f}",
    )  # fmt: skip
    _add_usage(used, rows, "pre-processing", before, between)
    _add_usage(used, rows, "Run", between, after)


def _experience_with_known(api: Api, folder: Path, rows: int, tag: str) -> str:
    experience = str(api.post("/experiences", {"name": f"Benchmark {tag}"})["id"])
    other = str(api.post("/experiences", {"name": f"Benchmark {tag} elsewhere"})["id"])
    for where, members in ((experience, True), (other, False)):
        source = folder / f"known-{members}.csv"
        if write_known(source, rows, tag=tag, members=members):
            _run(api, _preprocess(api, where, source)[1]["id"])
    time.sleep(1)  # the validator's copy of the directory hears of them
    return experience


def _preprocess(api: Api, experience: str, source: Path) -> tuple[float, JsonObject]:
    """Seconds until the first record had a status, and the import when it was ready."""
    began, first = time.monotonic(), 0.0
    found = api.upload(experience, source, fields={"type": "experience-learners", "emails": "hold"})
    while found["status"] in ("submitted", "preprocessing"):
        found = api.get(f"/imports/{found['id']}")
        first = first or (time.monotonic() - began if found["progress"]["checked"] else 0.0)
        time.sleep(POLL_SECONDS)
    assert found["status"] == "ready", found  # noqa: S101 - a benchmark of a refused file says nothing
    return first, found


def _run(api: Api, import_id: str) -> JsonObject:
    found = api.post(f"/imports/{import_id}/run")
    while found["status"] != "finished":
        time.sleep(POLL_SECONDS)
        found = api.get(f"/imports/{import_id}")
    return found


def _behind(api: Api, rows: int) -> str:
    """How long ten rows take while a large import is on its way, in each stage."""
    tag = f"f{int(time.time())}"
    experience = str(api.post("/experiences", {"name": f"Benchmark {tag}"})["id"])
    fields = {"type": "experience-learners", "emails": "hold"}
    with tempfile.TemporaryDirectory() as folder:
        large, small = Path(folder) / "large.csv", Path(folder) / "small.csv"
        write_learners(large, rows, tag=tag)
        write_learners(small, 10, tag=f"{tag}s")
        big = api.upload(experience, large, fields=fields)["id"]
        while api.get(f"/imports/{big}")["progress"]["checked"] < rows // 10:
            time.sleep(POLL_SECONDS)
        checked = _preprocess(api, experience, small)[1]
        while api.get(f"/imports/{big}")["status"] != "ready":
            time.sleep(POLL_SECONDS * 10)
        api.post(f"/imports/{big}/run")
        while api.get(f"/imports/{big}")["progress"]["provisioned"] < rows // 10:
            time.sleep(POLL_SECONDS)
        small_done = _run(api, checked["id"])
        still = api.get(f"/imports/{big}")["status"]
        _wait_finished(api, big)
    return (
        f"10 rows behind {rows:,}: pre-processing {_seconds(small_done, 'submitted_at', 'ready_at'):.2f} s, "
        f"Run {_seconds(small_done, 'started_at', 'finished_at'):.2f} s (the large one was {still})"
    )


def _superuser() -> str:
    """The local stack's Postgres, as its owner."""
    home = Home(find_home())
    port = json.loads(home.ports.read_text(encoding="utf-8"))["postgres"]
    return admin_dsn(port, read_json(home.secrets)["passwords"]["postgres"])


def _wait_finished(api: Api, import_id: str) -> None:
    while api.get(f"/imports/{import_id}")["status"] != "finished":
        time.sleep(0.2)


def _seconds(found: JsonObject, since: str, until: str) -> float:
    return (datetime.fromisoformat(found[until]) - datetime.fromisoformat(found[since])).total_seconds()


def _add_usage(table: Table, rows: int, stage: str, before: dict[str, Usage], after: dict[str, Usage]) -> None:
    for part, now in after.items():
        spent = now.cpu_seconds - before[part].cpu_seconds if part in before else now.cpu_seconds
        table.add_row(
            f"{rows:,}", stage, part, f"{spent:.2f}", f"{spent / rows * 1e6:.1f}", f"{now.peak_memory_mb:.0f}"
        )


if __name__ == "__main__":
    typer.run(bench)
