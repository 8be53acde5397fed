"""The people of a local stack, with tokens that stay the same from start to start because its secrets keep them."""

import json
from dataclasses import dataclass

from cli.local.files import write_atomically
from cli.local.stack_file import Home, read_json
from services.intake.users.first_steps import prepare_demo


@dataclass(frozen=True, slots=True)
class DemoPeople:
    """A platform administrator, somebody who administers nothing, their tokens in clear, and a demo experience."""

    user: str
    token: str
    other_user: str
    other_token: str
    experience_id: str


async def demo_people(intake_dsn: str, home: Home) -> DemoPeople:
    """The people of last time as far as intake still knows them, else new ones."""
    secrets = read_json(home.secrets)
    people = await prepare_demo(intake_dsn, secrets.get("people"))
    write_atomically(home.secrets, json.dumps(secrets | {"people": people}, indent=2))
    return DemoPeople(**people)
