"""What events tell of the directory: who has an account, who is a learner where. The newest fact wins."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.events import DirectoryChanged, Outcome, RecordProvisioned

LEARNER = "learner"
KEY_LIMIT = 320  # characters; no address is longer, and an index takes no key of any length
_DONE = frozenset((Outcome.CREATED, Outcome.ADDED, Outcome.UNCHANGED))


class Fact(NamedTuple):
    """Since when something is there, or gone."""

    at: datetime
    gone: bool  # compares after `at`: at the same instant "gone" is the newer fact


Membership = tuple[str, str]  # experience id, email key


class BadEventError(ValueError):
    """An event that says nothing sensible; `args[0]` is the reason for its dead letter."""


@dataclass(slots=True)
class Facts:
    """The newest fact of each account and membership that some events speak of."""

    accounts: dict[str, Fact] = field(default_factory=dict)  # by email key
    memberships: dict[Membership, Fact] = field(default_factory=dict)

    def tell_account(self, email_key: str, fact: Fact) -> None:
        """Keep the fact if it is the newest of this account."""
        known = self.accounts.get(email_key)
        if known is None or fact > known:
            self.accounts[email_key] = fact

    def tell_membership(self, membership: Membership, fact: Fact) -> None:
        """Keep the fact if it is the newest of this membership."""
        known = self.memberships.get(membership)
        if known is None or fact > known:
            self.memberships[membership] = fact


def tell_result(facts: Facts, event: RecordProvisioned) -> None:
    """Whoever was created, added or left as is has an account and is a learner. An answer about a person who was erased since
    says nothing of anybody. BadEventError."""
    if event.outcome not in _DONE or not event.email_key:
        return
    fact, key = Fact(moment(event.at), gone=False), known_key(event.email_key)
    membership = (uuid_text(event.experience_id), key)
    facts.tell_account(key, fact)
    facts.tell_membership(membership, fact)


def tell_change(facts: Facts, event: DirectoryChanged) -> None:
    """An account or a learner's membership that came or went; other roles do not matter to an import. BadEventError."""
    fact = Fact(moment(event.at), gone=not event.present)
    key = known_key(event.email_key)
    if not event.experience_id:
        facts.tell_account(key, fact)
    elif event.role == LEARNER:
        facts.tell_membership((uuid_text(event.experience_id), key), fact)


def known_key(email_key: str) -> str:
    """The email key, which must be one that an account can have. BadEventError."""
    if not 0 < len(email_key) <= KEY_LIMIT or "\0" in email_key:
        raise BadEventError("event.bad_email_key")
    return email_key


def moment(at: str) -> datetime:
    """The time an event tells. BadEventError."""
    try:
        time = datetime.fromisoformat(at)
    except ValueError:
        raise BadEventError("event.bad_time") from None
    if time.tzinfo is None:
        raise BadEventError("event.bad_time")
    return time


def uuid_text(text: str) -> str:
    """The id as every producer writes it, so that texts can be compared. BadEventError."""
    if text not in _known_ids:
        try:
            same = str(UUID(text)) == text
        except ValueError:
            same = False
        if not same:
            raise BadEventError("event.bad_id")
        if len(_known_ids) >= _IDS_KEPT:
            _known_ids.clear()
        _known_ids.add(text)
    return text


_IDS_KEPT = 10_000
_known_ids: set[str] = set()
