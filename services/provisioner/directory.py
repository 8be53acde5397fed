"""Changes of the directory by hand: each in one transaction with the events that tell it (`directory.changes`, by way of
the outbox). Batches of imports wait meanwhile, so the time of a change stands in the order in which things happened."""

import re
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from email_validator import EmailNotValidError, validate_email

from services.provisioner.store import DIRECTORY_LOCK, QUERIES, Connection
from shared.clock import iso
from shared.email_key import email_key, without_invisible
from shared.events import DirectoryChanged, encode
from shared.kafka.publish import Message
from shared.postgres.outbox import put_in_outbox
from shared.topics import DIRECTORY

LONGEST_NAME = 256
_ROLE = re.compile("[a-z][a-z0-9_-]{0,63}")


class Change(StrEnum):
    """What became of a change by hand."""

    DONE = "done"
    NEEDLESS = "needless"  # it was so already; nothing is told
    NO_ACCOUNT = "no account"  # a membership of somebody who has none


class InvalidValue(ValueError):
    """A value that the directory does not take; the message tells the person what to do."""


async def add_account(connection: Connection, email: str, *, first_name: str = "", last_name: str = "") -> Change:
    """Give a person an account. An existing one stays as it is. Raises InvalidValue."""
    shown, key = _address(email)
    _check_name(first_name)
    _check_name(last_name)
    async with connection.transaction():
        await hold(connection)
        account_id = await QUERIES.insert_account(
            connection, email_key=key, email=shown, first_name=first_name, last_name=last_name
        )
        if account_id is None:
            return Change.NEEDLESS
        at = await moment(connection)
        await _tell(connection, DirectoryChanged(email_key=key, present=True, at=at, account_id=account_id))
        return Change.DONE


async def remove_account(connection: Connection, email: str) -> Change:
    """Take a person's account away, and all memberships with it. Raises InvalidValue."""
    _, key = _address(email)
    async with connection.transaction():
        await hold(connection)
        account_id = await QUERIES.delete_account(connection, email_key=key)
        if account_id is None:
            return Change.NEEDLESS
        places = [row async for row in QUERIES.delete_memberships_of(connection, account_id=account_id)]
        gone = {"email_key": key, "present": False, "at": await moment(connection), "account_id": account_id}
        for experience_id, role in places:
            await _tell(connection, DirectoryChanged(**gone, experience_id=experience_id, role=role))
        await _tell(connection, DirectoryChanged(**gone))
        return Change.DONE


async def add_membership(connection: Connection, experience_id: UUID, email: str, *, role: str = "learner") -> Change:
    """Give a person with an account a role in an experience. Raises InvalidValue."""
    return await _change_membership(connection, experience_id, email, role=role, present=True)


async def remove_membership(
    connection: Connection, experience_id: UUID, email: str, *, role: str = "learner"
) -> Change:
    """Take a person's role in an experience away. Raises InvalidValue."""
    return await _change_membership(connection, experience_id, email, role=role, present=False)


async def _change_membership(
    connection: Connection, experience_id: UUID, email: str, *, role: str, present: bool
) -> Change:
    _, key = _address(email)
    if not _ROLE.fullmatch(role):
        raise InvalidValue("A role is a word of lower-case letters, digits, - and _, up to 64 of them.")
    change = QUERIES.insert_membership if present else QUERIES.delete_membership
    async with connection.transaction():
        await hold(connection)
        account_id = await QUERIES.account_id_of(connection, email_key=key)
        if account_id is None:
            return Change.NO_ACCOUNT
        if await change(connection, account_id=account_id, experience_id=experience_id, role=role) is None:
            return Change.NEEDLESS
        changed = DirectoryChanged(
            email_key=key, present=present, at=await moment(connection), account_id=account_id,
            experience_id=str(experience_id), role=role,
        )  # fmt: skip
        await _tell(connection, changed)
        return Change.DONE


def _address(text: str) -> tuple[str, str]:
    """The email as shown and as identity."""
    shown = without_invisible(text)
    try:
        validate_email(shown, check_deliverability=False)
    except EmailNotValidError as error:
        raise InvalidValue(f"This is not an email address that mail can be sent to: {error}") from error
    return shown, email_key(shown)


def _check_name(name: str) -> None:
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidValue(f"A name has at most {LONGEST_NAME} characters, and all of them can be shown.")


async def hold(connection: Connection) -> None:
    """Keep batches and other changes waiting until the transaction ends."""
    async for _ in QUERIES.hold_directory(connection, lock=DIRECTORY_LOCK):
        pass


async def moment(connection: Connection) -> str:
    """The time now that the change is made, and before anyone can see it."""
    now: datetime = await QUERIES.moment(connection)
    return iso(now)


async def _tell(connection: Connection, changed: DirectoryChanged) -> None:
    await put_in_outbox(connection, DIRECTORY, message_of(changed))


def message_of(changed: DirectoryChanged) -> Message:
    """A fact under its key, of which the newest is kept for ever."""
    key = changed.email_key
    if changed.role:
        key = f"{key}/{changed.experience_id}/{changed.role}"
    return Message(key.encode(), encode(changed))
