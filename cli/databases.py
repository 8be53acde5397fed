"""The four services' databases, for commands that look into or change all of them: named by options, by the environment, or the local
stack's."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from getpass import getuser
from typing import Annotated

import asyncpg
import typer

from cli.client import Refused, local_stack
from shared.postgres.tls import tls_of

Connections = Mapping[str, asyncpg.Connection]

_VARIABLE = "ROLLCALL_{}_DATABASE_URL"
IntakeOption = Annotated[str, typer.Option(envvar=_VARIABLE.format("INTAKE"), help="Default: the local stack's.")]
ValidatorOption = Annotated[str, typer.Option(envvar=_VARIABLE.format("VALIDATOR"), help="Default: the local stack's.")]
ProvisionerOption = Annotated[
    str, typer.Option(envvar=_VARIABLE.format("PROVISIONER"), help="Default: the local stack's.")
]
NotifierOption = Annotated[str, typer.Option(envvar=_VARIABLE.format("NOTIFIER"), help="Default: the local stack's.")]


@asynccontextmanager
async def open_databases(**addresses: str) -> AsyncIterator[Connections]:
    """A connection to each service's database, by service. An address that is empty is the local stack's."""
    known = local_stack().get("databases", {})
    chosen = {service: address or str(known.get(service, "")) for service, address in addresses.items()}
    for service, address in chosen.items():
        if not address:
            option = f"--{service}-database-url or {_VARIABLE.format(service.upper())}"
            raise Refused(0, "database.unknown", f"No local stack is up here; run `rollcall up`, or give {option}.")
    async with AsyncExitStack() as opened:
        connections = {}
        for service, address in chosen.items():
            with said_when_away(service):
                connections[service] = await asyncpg.connect(address, timeout=10, ssl=tls_of(address))
            opened.push_async_callback(connections[service].close)
        yield connections


@contextmanager
def said_when_away(service: str) -> Iterator[None]:
    """Raise Refused when the service's database cannot be connected to."""
    try:
        yield
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        reason = (
            f"The database of {service} does not answer ({type(error).__name__}); start it, or look at its address."
        )
        raise Refused(0, "database.away", reason) from error


def operator() -> str:
    """Who works at this terminal, for the audit log."""
    return f"operator {getuser()}"
