"""Kafka's own command for groups, run with the jars and the Java that the local stack has, plus the one it lacks."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cli.local.kafka import VERSION, cache_folder, fetch_jars, find_java

_COMMAND = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"


@dataclass(frozen=True, slots=True)
class Described:
    """A line of its answer. None: it says `-`."""

    group: str
    topic: str
    partition: int
    current_offset: int | None
    end_offset: int | None
    lag: int | None


def describe_all_groups(kafka: str) -> list[Described]:
    """`kafka-consumer-groups --describe --all-groups`."""
    path = os.pathsep.join([str(_tools_jar()), f"{fetch_jars(cache_folder())}{os.sep}*"])
    java = [find_java(), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    answer = subprocess.run(
        [*java, "-cp", path, _COMMAND, "--bootstrap-server", kafka, "--describe", "--all-groups"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return _lines(answer.stdout)


def _lines(text: str) -> list[Described]:
    found, names = [], list[str]()
    for cells in map(str.split, text.splitlines()):
        if cells[:2] == ["GROUP", "TOPIC"]:  # once per group
            names = cells
        elif names and len(cells) == len(names):
            line = dict(zip(names, cells, strict=True))
            numbers = [_number(line[name]) for name in ("CURRENT-OFFSET", "LOG-END-OFFSET", "LAG")]
            found.append(Described(line["GROUP"], line["TOPIC"], int(line["PARTITION"]), *numbers))
    return found


def _number(text: str) -> int | None:
    return None if text == "-" else int(text)


def _tools_jar() -> Path:
    """Kept beside the other jars; moved there whole, so that two who fetch it at once do no harm."""
    target = cache_folder() / f"kafka-tools-{VERSION}.jar"
    if not target.exists():
        from jgo.maven import MavenContext

        maven = MavenContext(repo_cache=cache_folder() / ".maven-tools", timeout=60)
        jar = maven.create_dependency(f"org.apache.kafka:kafka-tools:{VERSION}").artifact.resolve()
        draft = target.with_suffix(f".{os.getpid()}")
        shutil.copy(jar, draft)
        draft.rename(target)
    return target
