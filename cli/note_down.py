"""What an operator did with the broker alone, written down in intake's audit log where that can be reached. Such commands work with
everything else down, so they only say when it cannot."""

import asyncpg
from rich.console import Console

from cli.client import Refused, local_stack
from cli.databases import open_databases, operator
from services.intake.users.people import note_action
from shared.settings import KafkaSettings

_NAME_IT = "name it by --database-url or ROLLCALL_INTAKE_DATABASE_URL"


async def note_down(broker: KafkaSettings, database_url: str, *, action: str, about: str) -> None:
    """`database_url`: intake's; empty: the local stack's, if the broker is."""
    stack = local_stack()
    beside = stack.get("databases", {}).get("intake", "") if stack.get("kafka") == broker.kafka_bootstrap else ""
    try:
        if not (address := database_url or beside):
            raise Refused(0, "database.unknown", f"intake's database is not known; {_NAME_IT}.")
        async with open_databases(intake=address) as databases:
            await note_action(databases["intake"], operator(), action=action, about=about)
    except Refused as refused:
        _say(str(refused))
    except (OSError, asyncpg.PostgresError) as error:
        _say(f"intake's database refuses it ({type(error).__name__}).")


def _say(why: str) -> None:
    Console(stderr=True, style="yellow").print(
        f"Not written down in the audit log: {why}", soft_wrap=True, markup=False
    )
