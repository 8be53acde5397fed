"""What is asked of the audit log, from an address or a form. Lenient: what makes no sense is left out. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from services.intake.users.audit_log import AskedActions
from shared.email_key import email_key

_LAST_ID = 2**63 - 1
_PERSON_CHARACTERS = 320


@dataclass(frozen=True, slots=True)
class AskedLog:
    """Which actions, and after which of them the page begins."""

    actions: AskedActions
    after: int | None

    @property
    def ids(self) -> dict[str, str]:
        """What of it may stand in an address."""
        asked = {"experience": self.actions.experience_id, "import": self.actions.import_id}
        return {name: str(value) for name, value in asked.items() if value}


def asked_log(given: Mapping[str, str], *, who: str = "") -> AskedLog:
    """What the fields say; `who` comes from a form only."""
    after = given.get("after", "")
    actions = AskedActions(
        experience_id=_id(given.get("experience", "")), import_id=_id(given.get("import", "")),
        who=email_key(who[:_PERSON_CHARACTERS].replace("\x00", "")),
    )  # fmt: skip
    is_number = after.isascii() and after.isdecimal() and len(after) < 20
    return AskedLog(actions, min(int(after), _LAST_ID) if is_number else None)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
