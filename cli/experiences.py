"""`rollcall experience`: what learners are imported into, and who may import."""

import json
from typing import Annotated
from urllib.parse import quote

import typer

from cli.client import connect
from cli.imports import JsonOption, ServerOption, TokenOption, find_experience, out

app = typer.Typer(help="Experiences and their administrators.", no_args_is_help=True)


@app.command("list")
def list_experiences(as_json: JsonOption = False, server: ServerOption = None, token: TokenOption = None) -> None:
    """List the experiences you administer."""
    found = connect(server, token).get("/experiences")["items"]
    if as_json:
        out.print_json(json.dumps(found))
    for experience in () if as_json else found:
        out.print(f"{experience['id']}  {experience['name']}")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    as_json: JsonOption = False,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Create an experience; you become its first administrator."""
    made = connect(server, token).post("/experiences", {"name": name})
    out.print_json(json.dumps(made)) if as_json else out.print(f"{made['id']}  {made['name']}")


@app.command()
def appoint(
    email: Annotated[str, typer.Argument(help="Who may import.")],
    experience: Annotated[str | None, typer.Option(help="Id or name of the experience.")] = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Make a person an administrator of an experience."""
    api = connect(server, token)
    api.put(f"/experiences/{find_experience(api, experience)}/administrators/{quote(email, safe='')}")
    out.print("Appointed.")
