"""`rollcall account`, `membership` and `directory`: change the directory by hand, as another system of the platform would.
Goes to the provisioner's database, which tells everybody by `directory.changes`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar
from uuid import UUID

import asyncpg
import typer
from rich.console import Console

from cli.client import local_stack
from cli.databases import said_when_away
from services.provisioner import directory
from services.provisioner.announce import announce_directory
from services.provisioner.directory import Change, InvalidValue
from shared.postgres.tls import tls_of

account = typer.Typer(no_args_is_help=True, help="Accounts of the platform.")
membership = typer.Typer(no_args_is_help=True, help="Who is in an experience, in which role.")

whole = typer.Typer(no_args_is_help=True, help="The directory as a whole.")

T = TypeVar("T")
Email = Annotated[str, typer.Argument(help="The person's email.")]
Experience = Annotated[UUID, typer.Argument(help="Id of the experience.")]
Role = Annotated[str, typer.Option(help="Role in the experience.")]
DatabaseUrl = Annotated[
    str,
    typer.Option(
        envvar="ROLLCALL_PROVISIONER_DATABASE_URL", help="The provisioner's database; default: the local stack's."
    ),
]

_SENTENCES = {
    Change.DONE: "Done; directory.changes will tell it.",
    Change.NEEDLESS: "It was so already; nothing changed.",
    Change.NO_ACCOUNT: "This person has no account; add one first.",
}


@account.command("add")
def add_account(email: Email, first_name: str = "", last_name: str = "", database_url: DatabaseUrl = "") -> None:
    """Give a person an account."""
    _change(database_url, lambda c: directory.add_account(c, email, first_name=first_name, last_name=last_name))


@account.command("remove")
def remove_account(email: Email, database_url: DatabaseUrl = "") -> None:
    """Take a person's account and all memberships away."""
    _change(database_url, lambda c: directory.remove_account(c, email))


@membership.command("add")
def add_membership(
    experience_id: Experience, email: Email, role: Role = "learner", database_url: DatabaseUrl = ""
) -> None:
    """Give a person with an account a role in an experience."""
    _change(database_url, lambda c: directory.add_membership(c, experience_id, email, role=role))


@membership.command("remove")
def remove_membership(
    experience_id: Experience, email: Email, role: Role = "learner", database_url: DatabaseUrl = ""
) -> None:
    """Take a person's role in an experience away."""
    _change(database_url, lambda c: directory.remove_membership(c, experience_id, email, role=role))


@whole.command("announce")
def announce(database_url: DatabaseUrl = "") -> None:
    """Tell all accounts and memberships again, after directory.changes was lost or the validator's database is new."""
    facts = asyncio.run(_connected(_address(database_url), announce_directory))
    Console().print(f"{facts:,} facts; directory.changes will tell them.")


def _address(database_url: str) -> str:
    address = database_url or str(local_stack().get("databases", {}).get("provisioner", ""))
    if not address:
        raise typer.BadParameter("no local stack is up here; run `rollcall up` or give --database-url")
    return address


def _change(database_url: str, change: Callable[[asyncpg.Connection], Awaitable[Change]]) -> None:
    try:
        done = asyncio.run(_connected(_address(database_url), change))
    except InvalidValue as invalid:
        raise typer.BadParameter(str(invalid)) from invalid
    Console(stderr=done is Change.NO_ACCOUNT).print(_SENTENCES[done])
    if done is Change.NO_ACCOUNT:
        raise typer.Exit(1)


async def _connected(address: str, change: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    with said_when_away("provisioner"):
        connection = await asyncpg.connect(address, timeout=10, ssl=tls_of(address))
    try:
        return await change(connection)
    finally:
        await connection.close()
