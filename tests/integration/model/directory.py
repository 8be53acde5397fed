"""What the provisioner must do and say, in the simplest words: sets and dicts. Knows no SQL, no batches, no replicas."""

from dataclasses import dataclass, field

from shared.events import Outcome, RecordApproved

Record = tuple[str, int]  # import id, row
REFUSED = "\0"  # in a first name: the database does not take it


@dataclass
class ModelDirectory:
    """Accounts by email key, learners by experience, and what was said of each record."""

    accounts: set[str] = field(default_factory=set)
    learners: set[tuple[str, str]] = field(default_factory=set)  # experience id, email key
    cancelled: set[str] = field(default_factory=set)
    said: dict[Record, Outcome] = field(default_factory=dict)

    def provision(self, approval: RecordApproved) -> Outcome:
        """One record after the other, each as if it were alone."""
        record = (approval.import_id, approval.row)
        if record not in self.said:
            self.said[record] = self._provision(approval)
        return self.said[record]

    def _provision(self, approval: RecordApproved) -> Outcome:
        key, place = approval.email_key, (approval.experience_id, approval.email_key)
        if approval.import_id in self.cancelled:
            return Outcome.SKIPPED
        if not key:
            return Outcome.FAILED
        if key not in self.accounts and REFUSED in approval.values["first_name"]:
            return Outcome.FAILED
        outcome = Outcome.UNCHANGED
        if place not in self.learners:
            outcome = Outcome.ADDED if key in self.accounts else Outcome.CREATED
        self.accounts.add(key)
        self.learners.add(place)
        return outcome

    def remove_account(self, key: str) -> None:
        self.accounts.discard(key)
        self.learners = {place for place in self.learners if place[1] != key}
