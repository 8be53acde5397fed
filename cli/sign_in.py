"""`rollcall sign-in-link`: lets one person sign in to the pages once. Goes to intake's database: no mail, no provider."""

from datetime import timedelta
from typing import Annotated

import asyncpg
import typer

from cli.client import Refused, local_stack
from cli.tokens import DatabaseOption, at_intake
from services.intake.users.sign_in_links import create_link, known_user

MINUTES = 15


def sign_in_link(
    email: Annotated[str, typer.Argument(help="Who signs in.")],
    minutes: Annotated[int, typer.Option(min=1, max=24 * 60, help="How long the link works.")] = MINUTES,
    to: Annotated[str, typer.Option(help="Page to come out at, such as /imports/….")] = "",
    base_url: Annotated[
        str, typer.Option(envvar="ROLLCALL_BASE_URL", help="Where people reach the pages; default: the local stack.")
    ] = "",
    database_url: DatabaseOption = "",
) -> None:
    """Print a link that signs this person in. It works once, and not for long; whoever has it is that person."""
    print(make_link(email, minutes=minutes, to=to, base_url=base_url, database_url=database_url))


def make_link(
    email: str, *, minutes: int = MINUTES, to: str = "", base_url: str = "", database_url: str = ""
) -> str:  # fmt: skip
    """A new link for a person who is known."""
    base_url = base_url or str(local_stack().get("base_url", ""))
    if not base_url:
        raise Refused(0, "server.unknown", "Where are the pages? Run `rollcall up`, or give --base-url.")

    async def make(pool: asyncpg.Pool) -> str:
        user = await known_user(pool, email)
        if user is None:
            raise Refused(
                0, "user.unknown",
                "Nobody here has this address. Appoint them first (`rollcall experience appoint`), or make the first "
                "person with `rollcall token create EMAIL --platform-administrator`.",
            )  # fmt: skip
        return await create_link(pool, user, base_url=base_url, lifetime=timedelta(minutes=minutes), to=to)

    return at_intake(database_url, make)
