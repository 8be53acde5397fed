"""`rollcall import`, `status`, `records`, `template`, `run`, `cancel`: an import's whole way, over the public API."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.client import Api, JsonObject, Refused, connect, local_stack
from cli.follow import counts_table, follow, records_table

out = Console()
err = Console(stderr=True)

IMPORTED, REFUSED, SOME_NOT_IMPORTED = 0, 1, 3  # exit codes

ServerOption = Annotated[
    str | None, typer.Option(help="Where Rollcall is; else ROLLCALL_SERVER, else the local stack.")
]
TokenOption = Annotated[str | None, typer.Option(help="API token; else ROLLCALL_TOKEN, else the local stack's.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def import_file(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV or .xlsx file with one learner per line.")
    ],
    experience: Annotated[str | None, typer.Option(help="Id or name of the experience.")] = None,
    import_type: Annotated[str, typer.Option("--type", help="What the file holds.")] = "experience-learners",
    emails: Annotated[str, typer.Option(help="Welcome mails: send, hold or none.")] = "send",
    run: Annotated[bool, typer.Option("--run", help="Press Run as soon as every record is checked.")] = False,
    run_when_clean: Annotated[
        bool, typer.Option("--run-when-clean", help="Let it run by itself if there is no error and no warning.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the import waits for a person or is over.")] = False,
    idempotency_key: Annotated[str | None, typer.Option(help="The same key never makes a second import.")] = None,
    as_json: JsonOption = False,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Import FILE. Exit code 0: all imported (or accepted), 1: refused or failed, 3: some rows not imported."""
    api = connect(server, token)
    fields = {"type": import_type, "emails": emails, "run": "when-clean" if run_when_clean else "after-review"}
    found = api.upload(find_experience(api, experience), file, fields=fields, key=idempotency_key)
    import_id = found["id"]
    quiet = Console(quiet=True) if as_json else err
    if run or wait:
        found = follow(api, import_id, quiet)
    if run and found["status"] == "ready":
        api.post(f"/imports/{import_id}/run")
        found = follow(api, import_id, quiet) if wait else api.get(f"/imports/{import_id}")
    show_import(found, as_json=as_json)
    raise typer.Exit(exit_code(found))


def status(
    import_id: Annotated[str | None, typer.Argument(help="The import; without one, the newest are listed.")] = None,
    experience: Annotated[str | None, typer.Option(help="Id or name of the experience.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the import waits for a person or is over.")] = False,
    as_json: JsonOption = False,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Show how an import stands, or list the newest imports."""
    api = connect(server, token)
    if import_id is None:
        found = api.get(f"/experiences/{find_experience(api, experience)}/imports")
        if as_json:
            out.print_json(json.dumps(found))
        else:
            if not found["items"]:
                out.print("No imports yet.")
            for item in found["items"]:
                out.print(
                    f"{item['id']}  {item['status']:<13} {item['progress']['rows']:>9,} rows  {item['file']['name']}"
                )
        return
    found = (
        follow(api, import_id, Console(quiet=True) if as_json else err) if wait else api.get(f"/imports/{import_id}")
    )
    show_import(found, as_json=as_json)
    raise typer.Exit(exit_code(found))


def records(
    import_id: Annotated[str, typer.Argument(help="The import.")],
    status_: Annotated[str | None, typer.Option("--status", help="ready, warning or error.")] = None,
    plan: Annotated[str | None, typer.Option(help="create, add, nothing or none.")] = None,
    import_status: Annotated[str | None, typer.Option(help="pending, success, error or skipped.")] = None,
    outcome: Annotated[str | None, typer.Option(help="created, added, unchanged, failed or skipped.")] = None,
    problem: Annotated[str | None, typer.Option(help="A problem code, such as email.duplicate.")] = None,
    q: Annotated[str | None, typer.Option(help="Beginnings of words in email and names.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 100,
    as_json: JsonOption = False,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Show an import's records: how each was understood, what will happen, what happened."""
    api = connect(server, token)
    filters: dict[str, Any] = {
        "status": status_,
        "plan": plan,
        "import_status": import_status,
        "outcome": outcome,
        "problem": problem,
        "q": q,
    }
    found = api.pages(f"/imports/{import_id}/records", limit=min(limit, 1000), **filters)
    items = [item for item, _ in zip(found, range(limit), strict=False)]
    if as_json:
        out.print_json(json.dumps(items))
    else:
        out.print(records_table(items))


def template(
    import_type: Annotated[str, typer.Option("--type", help="What the file will hold.")] = "experience-learners",
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Print the template file, ready to be filled."""
    print(connect(server, token).text(f"/import-types/{import_type}/template.csv"), end="")


def run(
    import_id: Annotated[str, typer.Argument(help="The import.")],
    wait: Annotated[bool, typer.Option("--wait", help="Stay until it is over.")] = False,
    as_json: JsonOption = False,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Press Run."""
    api = connect(server, token)
    found = api.post(f"/imports/{import_id}/run")
    if wait:
        found = follow(api, import_id, Console(quiet=True) if as_json else err)
    show_import(found, as_json=as_json)
    raise typer.Exit(exit_code(found))


def cancel(
    import_id: Annotated[str, typer.Argument(help="The import.")],
    as_json: JsonOption = False,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Cancel an import; what is already done stays done and is shown."""
    show_import(connect(server, token).post(f"/imports/{import_id}/cancel"), as_json=as_json)


def find_experience(api: Api, wanted: str | None) -> str:
    """The id of the experience named by id or name; without a name the local stack's, or the only one there is."""
    wanted = wanted or local_stack().get("experience_id")
    mine = api.get("/experiences")["items"]
    matches = [found["id"] for found in mine if wanted is None or wanted in (found["id"], found["name"])]
    if len(matches) != 1:
        names = ", ".join(f"{found['name']} ({found['id']})" for found in mine) or "none"
        count = f"{len(matches)} experiences of yours are" if matches else "No experience of yours is"
        called = f"{count} called “{wanted}”. " if wanted else ""
        raise Refused(404, "experience.unknown", f"{called}Name one with --experience, by name or id. Yours: {names}.")
    return str(matches[0])


def show_import(found: JsonObject, *, as_json: bool) -> None:
    """One import, for machines or for a person."""
    if as_json:
        out.print_json(json.dumps(found))
        return
    out.print(f"Import {found['id']}  [bold]{found['status']}[/bold]  {found['file']['name']}")
    for problem in found["problems"]:
        out.print(f"  {problem['level']}: {problem['message']} ({problem['code']})")
    if found["status"] in ("ready", "cancelled"):
        out.print(counts_table(found, "Pre-import statuses", ("ready", "warning", "error")))
        out.print(counts_table(found, "Plan", ("create", "add", "nothing", "none")))
    if found["status"] in ("running", "cancelling", "finished"):
        names = ("created", "added", "unchanged", "failed", "skipped", "not_imported")
        out.print(counts_table(found, "Outcomes", names))
        if mails := [name for name, count in found["email_counts"].items() if count]:
            out.print(counts_table(found, "Welcome mails", mails, of="email_counts"))
    if found.get("review_url"):
        out.print(f"  {found['review_url']}")


def exit_code(found: JsonObject) -> int:
    """0 when nothing was refused so far, 1 when the import came to nothing, 3 when some rows are not imported."""
    counts = found["counts"]
    if found["status"] in ("rejected", "cancelled"):
        return REFUSED
    return SOME_NOT_IMPORTED if counts["error"] + counts["failed"] + counts["skipped"] else IMPORTED
