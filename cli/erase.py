"""`rollcall erase EMAIL`: takes one person out of every place where that can be done, and says what it did and what is kept, why, and
until when. Goes to the four databases; the services may run or not."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.client import Refused
from cli.databases import (
    Connections,
    IntakeOption,
    NotifierOption,
    ProvisionerOption,
    ValidatorOption,
    open_databases,
    operator,
)
from cli.imports import JsonOption
from cli.local.stack_file import Home, find_home
from services.intake import erase_files, erase_user
from services.intake import erase_person as ledger
from services.intake.file_store import FileStore
from services.intake.users.people import note_action
from services.notifier import erase_person as mails
from services.provisioner import erase_person as directory
from services.validator import erase_person as seen
from shared.clock import now
from shared.erasure import Deed, Line, NobodyError, Person
from shared.kafka.admin import kept_for
from shared.settings import KafkaSettings, read_settings
from shared.topics import APPROVALS, CHECKS, LIFECYCLE, RESULTS, ROWS, SEGMENT, Topic

out = Console()
_ACTION = "person.erased"
_TOPICS = (ROWS, CHECKS, APPROVALS, RESULTS, ROWS.dead)


def erase(
    email: Annotated[str, typer.Argument(help="The person's email.")],
    account: Annotated[bool, typer.Option("--account", help="Their account and memberships go, too.")] = False,
    administrator: Annotated[
        bool, typer.Option("--administrator", help="They administer nothing and sign in no more, too.")
    ] = False,
    source_files: Annotated[
        bool, typer.Option("--source-files", help="Source files that hold them go, too: whole, with everybody in them.")
    ] = False,
    file_store_url: Annotated[
        str, typer.Option(envvar="ROLLCALL_FILE_STORE_URL", help="Where source files are; default: the local stack's.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    intake_database_url: IntakeOption = "",
    validator_database_url: ValidatorOption = "",
    provisioner_database_url: ProvisionerOption = "",
    notifier_database_url: NotifierOption = "",
    as_json: JsonOption = False,
) -> None:
    """Erase one person: from records, answers, mails and what is remembered of them. It cannot be undone. Exit code 3 when something
    must be erased again in a minute."""
    try:
        person = Person.of(email)
    except NobodyError as error:
        raise Refused(0, "email.invalid", "That is not an email address.") from error
    if not yes:
        typer.confirm("Erase this person? It cannot be undone.", abort=True, err=True)
    addresses = {
        "intake": intake_database_url, "validator": validator_database_url,
        "provisioner": provisioner_database_url, "notifier": notifier_database_url,
    }  # fmt: skip
    store = FileStore(file_store_url or (Home(find_home()).data / "files").as_uri()) if source_files else None
    lines = asyncio.run(_erase(addresses, person, account=account, administrator=administrator, file_store=store))
    _print(lines, as_json=as_json)
    if any(line.deed is Deed.LEFT for line in lines):
        raise typer.Exit(3)


async def _erase(
    addresses: dict[str, str], person: Person, *, account: bool, administrator: bool, file_store: FileStore | None
) -> list[Line]:
    async with open_databases(**addresses) as databases:
        try:
            return await erase_everywhere(
                databases, person, account=account, administrator=administrator, file_store=file_store
            )
        except ledger.StillAtWorkError as error:
            raise Refused(
                0, "erase.at_work",
                f"This person is in imports that are not over ({error}); run or cancel them, then erase again. "
                "Nothing was erased.",
            ) from error  # fmt: skip
        except erase_user.StillNeededError as error:
            raise Refused(0, "erase.still_needed", str(error)) from error


async def erase_everywhere(
    databases: Connections, person: Person, *, account: bool, administrator: bool, file_store: FileStore | None
) -> list[Line]:
    """Where the person is found comes last, so that an erasure that was interrupted is done again from there. Raises
    StillAtWorkError and StillNeededError, before anything is erased."""
    intake, validator = databases["intake"], databases["validator"]
    traces = await ledger.find_person(intake, person)
    if administrator:
        await erase_user.check_user(intake, person)
    about = await erase_user.hash_of(intake, person)
    before = await erase_user.erased_before(intake, about)
    for import_id in traces.rows:  # first: once the records are empty, nothing else leads to the source files
        await note_action(intake, operator(), action=_ACTION, about=about, import_id=import_id)
    answers = await directory.answers_about(databases["provisioner"], person)
    created = [mails.Created(*one) for one in directory.created(answers, person)]
    of_mails = await mails.erase_person(databases["notifier"], person, created)
    told_of = await seen.experiences_of(validator, person)
    of_answers, has_account = await directory.erase_person(
        databases["provisioner"], person, answers,
        account=account, told_of=told_of if told_of or await seen.is_known(validator, person) else None,
    )  # fmt: skip
    lines = [
        *of_mails,
        *of_answers,
        *await seen.erase_person(validator, person, has_account=has_account),
        *await erase_files.erase_files(intake, [*traces.files, *before], file_store),
        *await ledger.erase_person(intake, person, traces),
        *await erase_user.erase_user(intake, person, administrator=administrator),
    ]
    if not traces.rows and any(line.deed is Deed.ERASED for line in lines):
        await note_action(intake, operator(), action=_ACTION, about=about)
    last = max([*before.values(), *([traces.moved_at] if traces.moved_at else [])], default=None)
    topics = [*_on_topics(last, _TOPICS), *(_on_topics(now(), (LIFECYCLE,)) if administrator else [])]
    return [*lines, *topics]


def _on_topics(last: datetime | None, topics: Sequence[Topic]) -> list[Line]:
    """What was said of the person up to then cannot be taken back; the broker deletes it in time."""
    broker, found = read_settings(KafkaSettings), []
    for topic in topics:
        until = last + kept_for(topic, broker) + SEGMENT if last else now() - timedelta(days=1)
        if until > now():
            name = "dead letters, if any" if topic is _TOPICS[-1] else topic.name
            found.append(
                Line(f"topic: {name}", Deed.KEPT, 0, "Topics cannot be edited; they are only added to.", until)
            )
    return found


def _print(lines: list[Line], *, as_json: bool) -> None:
    if as_json:
        out.print_json(json.dumps([line.as_json() for line in lines]))
        return
    if not any(line.deed is Deed.ERASED for line in lines):
        out.print("Nothing is left to erase.")
    if lines:
        table = Table("Where", "What became of it", "How many", "Why", "Until")
        for line in lines:
            until = f"{line.until:%Y-%m-%d}" if line.until else ""
            table.add_row(line.place, str(line.deed), f"{line.count:,}" if line.count else "", line.note, until)
        out.print(table)
