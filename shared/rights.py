"""What each user of the broker may do where the cluster checks rights (ACLs): the services, who sets the topics, who looks after
them, and other systems. docs/topics.md is written from here, and a test runs an import with exactly this."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from shared.topics import (
    ALL_TOPICS,
    APPROVALS,
    CHECKS,
    CONSUMERS,
    DIRECTORY,
    EMAILS,
    LIFECYCLE,
    RESULTS,
    ROWS,
    TOPICS,
    Topic,
)  # fmt: skip


class On(StrEnum):
    """What a right is about."""

    TOPIC = "topic"
    GROUP = "group"


class Operation(StrEnum):
    """Kafka's words; Read and Write include Describe."""

    READ = "Read"
    WRITE = "Write"
    CREATE = "Create"
    ALTER = "Alter"
    DESCRIBE = "Describe"
    DESCRIBE_CONFIGS = "DescribeConfigs"
    ALTER_CONFIGS = "AlterConfigs"


@dataclass(frozen=True, slots=True)
class Right:
    """One or more operations on a topic or group, or on all whose names begin so."""

    on: On
    name: str  # with the setting's prefix
    operations: tuple[Operation, ...]
    prefixed: bool = False


PUBLISHES: dict[str, tuple[Topic, ...]] = {
    "intake": (ROWS, APPROVALS, LIFECYCLE),
    "validator": (CHECKS,),
    "provisioner": (RESULTS, DIRECTORY),
    "notifier": (EMAILS,),
}
_FAMILIES = tuple(
    sorted({topic.name.partition(".")[0] + "." for topic in ALL_TOPICS})
)  # what all our topics begin with


def rights_of_service(service: str, prefix: str = "") -> list[Right]:
    """What a service needs for all it does by itself. Intake tells everybody's lag, and looks at dead letters."""
    reads, writes = CONSUMERS[service], PUBLISHES[service]
    written = [*writes, *(topic.dead for topic in (*reads, *writes))]
    others = [*(name for name in CONSUMERS if name != service), "dead-letters"] if service == "intake" else []
    return [
        *_on_topics(written, (Operation.WRITE,), prefix),
        *([] if others else _on_topics(reads, (Operation.READ,), prefix)),
        *_on_all_topics((Operation.READ if others else Operation.DESCRIBE,), prefix),
        _on_groups(f"{prefix}{service}.", Operation.READ),
        *(_on_groups(f"{prefix}{other}.", Operation.DESCRIBE) for other in others),
    ]


def rights_to_put_back(prefix: str = "") -> list[Right]:
    """What it takes, besides reading, to put dead letters back: on the command line, and on intake's page."""
    return [*_on_topics(TOPICS, (Operation.WRITE,), prefix), _on_groups(f"{prefix}dead-letters.", Operation.READ)]


def rights_of_operator(prefix: str = "") -> list[Right]:
    """`rollcall lag` and `rollcall dead-letters`."""
    groups = [_on_groups(f"{prefix}{service}.", Operation.DESCRIBE) for service in CONSUMERS]
    return [*_on_all_topics((Operation.READ,), prefix), *groups, *rights_to_put_back(prefix)]


def rights_to_set_topics(prefix: str = "") -> list[Right]:
    """`rollcall topics apply`."""
    operations = (Operation.CREATE, Operation.ALTER, Operation.DESCRIBE_CONFIGS, Operation.ALTER_CONFIGS)
    return _on_all_topics(operations, prefix)


def rights_of_subscriber(group: str, prefix: str = "") -> list[Right]:
    """Another system, that works in groups whose names begin so."""
    public = [topic for topic in TOPICS if topic.public]
    return [*_on_topics(public, (Operation.READ,), prefix), _on_groups(group, Operation.READ)]


def _on_topics(topics: Iterable[Topic], operations: tuple[Operation, ...], prefix: str) -> list[Right]:
    return [Right(On.TOPIC, prefix + topic.name, operations) for topic in topics]


def _on_all_topics(operations: tuple[Operation, ...], prefix: str) -> list[Right]:
    return [Right(On.TOPIC, prefix + family, operations, prefixed=True) for family in _FAMILIES]


def _on_groups(name: str, operation: Operation) -> Right:
    return Right(On.GROUP, name, (operation,), prefixed=True)
