"""What Run will do with a record, from what the directory is known to hold."""

from dataclasses import dataclass, field

from shared.events import Plan, PreImportStatus


@dataclass(slots=True)
class People:
    """Who of a batch's people is known, in one experience. Email keys."""

    accounts: set[str] = field(default_factory=set)
    learners: set[str] = field(default_factory=set)


def plan_record(status: PreImportStatus, email_key: str, people: People) -> Plan:
    """A learner stays one, whatever is known of the account."""
    if status is PreImportStatus.ERROR:
        return Plan.NONE
    if email_key in people.learners:
        return Plan.NOTHING
    return Plan.ADD if email_key in people.accounts else Plan.CREATE
