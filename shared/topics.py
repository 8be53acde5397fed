"""The topics: name, event, key, partitions, retention. The only place that knows them; `rollcall topics apply`
creates them from here and docs/topics.md is written from here."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared import events

CONTRACT_VERSION = "1.0.0"  # of topics and events; its first number is raised by a change that readers do not survive
# For how long the topics of time keep their records, in days, unless settings say otherwise (shared/settings.py).
LIFECYCLE_DAYS, ROW_DAYS, RESULT_DAYS, DEAD_LETTER_DAYS = 30, 3, 7, 14
SEGMENT = timedelta(days=1)  # Kafka deletes whole segments: a record stays for up to this much longer
READERS_BEHIND = timedelta(days=7)  # a reader that is no further behind sees every change of a compacted topic
ROW_PARTITIONS = 6  # one number for all row topics: a person's events stay on one partition from topic to topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic, without the settable prefix."""

    name: str
    event: type[Any]
    key: str  # what the record key is, in words
    about: str
    partitions: int
    retention: timedelta | None  # unless the setting says otherwise; None: compacted, kept for ever
    setting: str = ""  # which one says for how many days it is kept
    public: bool = False  # other systems may read it

    @property
    def compacted(self) -> bool:
        """Kept by key instead of by time."""
        return self.retention is None

    @property
    def dead(self) -> "Topic":
        """Where records of this topic go that nobody can read; the bytes are kept as they came."""
        return Topic(
            name=f"{self.name}.dead", event=bytes, key="as it came", about=f"records of `{self.name}` that could not be read",
            partitions=1, retention=timedelta(days=DEAD_LETTER_DAYS), setting="dead_letters_days",
        )  # fmt: skip


EMAIL_KEY = "email key"
IMPORT_ID = "import id"

LIFECYCLE = Topic(
    name="imports.lifecycle", event=events.ImportChanged, key=IMPORT_ID, about="the turns in an import's life (CloudEvents)",
    partitions=3, retention=timedelta(days=LIFECYCLE_DAYS), setting="lifecycle_topic_days", public=True,
)  # fmt: skip
ROWS = Topic(
    name="imports.rows", event=events.RowRead, key=EMAIL_KEY, about="rows as read from the source file",
    partitions=ROW_PARTITIONS, retention=timedelta(days=ROW_DAYS), setting="row_topics_days",
)  # fmt: skip
CHECKS = Topic(
    name="imports.checks", event=events.RecordChecked, key=EMAIL_KEY, about="pre-import status and plan of every record",
    partitions=ROW_PARTITIONS, retention=timedelta(days=ROW_DAYS), setting="row_topics_days",
)  # fmt: skip
APPROVALS = Topic(
    name="imports.approvals", event=events.RecordApproved, key=EMAIL_KEY, about="records handed over by Run",
    partitions=ROW_PARTITIONS, retention=timedelta(days=ROW_DAYS), setting="row_topics_days",
)  # fmt: skip
RESULTS = Topic(
    name="imports.results", event=events.RecordProvisioned, key=EMAIL_KEY, about="what was done for every record",
    partitions=ROW_PARTITIONS, retention=timedelta(days=RESULT_DAYS), setting="result_topics_days", public=True,
)  # fmt: skip
EMAILS = Topic(
    name="imports.emails", event=events.EmailSettled, key=IMPORT_ID, about="what became of every mail",
    partitions=3, retention=timedelta(days=RESULT_DAYS), setting="result_topics_days",
)  # fmt: skip
DIRECTORY = Topic(
    name="directory.changes", event=events.DirectoryChanged, key="email key, with experience id and role for a membership",
    about="accounts and memberships changed by something else than an import", partitions=3, retention=None,
)  # fmt: skip

TOPICS = (LIFECYCLE, ROWS, CHECKS, APPROVALS, RESULTS, EMAILS, DIRECTORY)
ALL_TOPICS = TOPICS + tuple(topic.dead for topic in TOPICS)

# Which service handles which topics. Its consumer groups are named after both (shared/kafka/broker.py).
CONSUMERS: dict[str, tuple[Topic, ...]] = {
    "intake": (CHECKS, RESULTS, EMAILS),
    "validator": (ROWS, RESULTS, LIFECYCLE, DIRECTORY),
    "provisioner": (APPROVALS, LIFECYCLE),
    "notifier": (RESULTS, LIFECYCLE),
}
