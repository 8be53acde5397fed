"""`rollcall token`: API tokens. Goes to intake's database, because the first token cannot be asked for with a token."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Annotated, TypeVar
from uuid import UUID

import asyncpg
import typer
from email_validator import EmailNotValidError, validate_email
from rich.console import Console

from cli.client import Refused, local_stack
from cli.databases import operator, said_when_away
from services.intake.users import people, tokens
from shared.email_key import email_key
from shared.postgres.tls import tls_of

app = typer.Typer(help="API tokens of people.", no_args_is_help=True)
out = Console()
T = TypeVar("T")

Email = Annotated[str, typer.Argument(help="Whose token it is.")]
DatabaseOption = Annotated[
    str, typer.Option(envvar="ROLLCALL_INTAKE_DATABASE_URL", help="Intake's database; default: the local stack's.")
]


@app.command()
def create(
    email: Email,
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    platform_administrator: Annotated[
        bool, typer.Option("--platform-administrator", help="May create experiences.")
    ] = False,
    database_url: DatabaseOption = "",
) -> None:
    """Make a token and print it; it is not shown again."""

    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError as error:
        raise Refused(0, "email.invalid", f"“{email}” is not an email address; correct it.") from error

    async def make(pool: asyncpg.Pool) -> str:
        if platform_administrator:
            await people.make_platform_administrator(pool, email)
            await _note(pool, "platform_administrator.made", email=email)
        token = await tokens.create_token(pool, email, name=name)
        await _note(pool, "token.created", email=email)
        return token

    print(at_intake(database_url, make))


@app.command("list")
def list_tokens(email: Email, database_url: DatabaseOption = "") -> None:
    """List a person's tokens; the tokens themselves are not kept."""
    found = at_intake(database_url, lambda pool: tokens.list_tokens(pool, email_key(email)))
    if not found:
        out.print("No tokens. Make one with `rollcall token create`.")
    for token in found:
        ended = f"revoked {token.revoked_at:%Y-%m-%d}" if token.revoked_at else "in use"
        out.print(f"{token.id}  {token.created_at:%Y-%m-%d}  {ended:<18} {token.name}")


@app.command()
def revoke(
    token_id: Annotated[UUID, typer.Argument(help="Id, as `list` shows it.")], database_url: DatabaseOption = ""
) -> None:
    """End a token's life at once."""

    async def end(pool: asyncpg.Pool) -> bool:
        revoked = await tokens.revoke_token(pool, token_id)
        if revoked:
            await people.note_action(pool, operator(), action="token.revoked", about=f"token {token_id}")
        return revoked

    if not at_intake(database_url, end):
        raise Refused(0, "token.unknown", "There is no such token in use.")
    out.print("Revoked.")


async def _note(pool: asyncpg.Pool, action: str, *, email: str) -> None:
    await people.note_action(pool, operator(), action=action, person=email_key(email))


def at_intake(database_url: str, work: Callable[[asyncpg.Pool], Awaitable[T]]) -> T:
    """Do something with intake's database: the one that is named, else the local stack's."""
    address = database_url or str(local_stack().get("databases", {}).get("intake", ""))
    if not address:
        raise Refused(0, "database.unknown", "No local stack is up here; run `rollcall up` or give --database-url.")

    async def connected() -> T:
        async with AsyncExitStack() as opened:
            with said_when_away("intake"):
                pool = await opened.enter_async_context(
                    asyncpg.create_pool(address, min_size=1, max_size=1, timeout=10, ssl=tls_of(address))
                )
            return await work(pool)

    return asyncio.run(connected())
