"""Links that let one person sign in once, soon: for the local stack, and where there is no OpenID Connect provider."""

from datetime import timedelta
from urllib.parse import urlencode

from services.intake.users.people import Database, User, note_action
from services.intake.users.sessions import hash_of, new_secret, queries
from shared.email_key import email_key

PATH = "/sign-in/link"


async def known_user(database: Database, email: str) -> User | None:
    """The person with this address, if anybody has ever made them known."""
    row = await queries.user_of(database, email_key=email_key(email))
    return User(**row) if row else None


async def create_link(database: Database, user: User, *, base_url: str, lifetime: timedelta, to: str = "") -> str:
    """The link; it is not kept and not shown again. `to` is the local address to come out at."""
    token = new_secret()
    await queries.add_link(database, hash=hash_of(token), email_key=user.email_key, lifetime=lifetime)
    await note_action(database, user.email_key, action="sign_in_link.created")
    query = {"token": token, **({"next": to} if to else {})}
    return f"{base_url.rstrip('/')}{PATH}?{urlencode(query)}"


async def person_of_link(database: Database, token: str) -> User | None:
    """Whom the link would sign in; does not use it up."""
    row = await queries.person_of_link(database, hash=hash_of(token))
    return User(**row) if row else None


async def use_link(database: Database, token: str) -> str | None:
    """Use the link up: the email key of whom it signs in, for exactly one of all who try."""
    email_key: str | None = await queries.use_link(database, hash=hash_of(token))
    return email_key
