"""`rollcall dead-letters`: what nobody could read, counted, looked at and put back. Talks to the broker alone; who saw something as
it came, or put something back, is written down in intake's audit log if that can be reached."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.client import JsonObject, Refused
from cli.imports import JsonOption
from cli.note_down import note_down
from cli.operations import KafkaOption, TopicArgument, settings
from cli.tokens import DatabaseOption
from shared.kafka.dead_letters import ALL, DeadLetter, Wanted, read_dead_letters
from shared.kafka.mask import masked
from shared.kafka.replay import replay_dead_letters
from shared.settings import KafkaSettings
from shared.topics import TOPICS, Topic

out = Console()
app = typer.Typer(help="Records that could not be read.", no_args_is_help=True)

ReasonOption = Annotated[str, typer.Option(help="Only those that died for this reason, such as event.not_json.")]
SinceOption = Annotated[datetime | None, typer.Option(help="Only those that died at this time (UTC) or later.")]
UntilOption = Annotated[datetime | None, typer.Option(help="Only those that died before this time (UTC).")]


@app.command("list")
def list_dead_letters(
    topic: Annotated[str, typer.Option(help="Only this topic's.")] = "",
    reason: ReasonOption = "",
    since: SinceOption = None,
    until: UntilOption = None,
    kafka: KafkaOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count the dead letters of each topic by reason."""
    chosen = [_topic(topic)] if topic else list(TOPICS)
    found = asyncio.run(_count(settings(kafka), chosen, _wanted(reason, since, until)))
    if as_json:
        out.print_json(json.dumps(found))
        return
    table = Table("Topic", "Reason", "Waiting", "Replayed")
    for line in found:
        table.add_row(line["topic"], line["reason"], f"{line['waiting']:,}", f"{line['replayed']:,}")
    out.print(table if found else "No dead letters.")


@app.command()
def show(
    topic: TopicArgument,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 20,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show keys and values as they are: they hold personal data.")
    ] = False,
    reason: ReasonOption = "",
    since: SinceOption = None,
    until: UntilOption = None,
    kafka: KafkaOption = None,
    as_json: JsonOption = False,
    database_url: DatabaseOption = "",
) -> None:
    """Show a topic's dead letters, oldest first, with everything personal masked unless --reveal is given."""
    broker, wanted = settings(kafka), _wanted(reason, since, until)
    letters = asyncio.run(_first(read_dead_letters(broker, _topic(topic), wanted=wanted), limit))
    if reveal and letters:
        about = f"{_topic(topic).dead.name} offset {_range([letter.offset for letter in letters])}"
        asyncio.run(note_down(broker, database_url, action="dead_letter.shown", about=about))
    shown = [_letter(letter, reveal=reveal) for letter in letters]
    if as_json:
        out.print_json(json.dumps(shown))
        return
    table = Table(
        "Offset", "When", "Reason", "From", "Group", "Bytes", *(("Key",) if reveal else ()), "Value", "Replayed"
    )
    for letter in shown:
        table.add_row(*(str(content) for content in letter.values()))
    out.print(table)


@app.command()
def replay(
    topic: TopicArgument,
    again: Annotated[bool, typer.Option("--again", help="Also what was replayed before.")] = False,
    reason: ReasonOption = "",
    since: SinceOption = None,
    until: UntilOption = None,
    kafka: KafkaOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Put a topic's dead letters back, after what made them unreadable is mended. What is put back by time is not
    remembered as replayed; events that come twice change nothing."""
    broker, wanted = settings(kafka), _wanted(reason, since, until)
    asked = {"topic": _topic(topic).name, "reason": reason, "since": since or "", "until": until or ""}
    about = " ".join(f"{name}={value}" for name, value in asked.items() if value)
    asyncio.run(note_down(broker, database_url, action="dead_letters.replayed", about=about))
    done = asyncio.run(replay_dead_letters(broker, _topic(topic), again=again, wanted=wanted))
    out.print(
        f"{done.replayed} put back" + (f", {done.cut} left out because parts of them are lost" if done.cut else "")
    )


def _range(offsets: list[int]) -> str:
    return str(offsets[0]) if len(offsets) == 1 else f"{offsets[0]} to {offsets[-1]}"


def _wanted(reason: str, since: datetime | None, until: datetime | None) -> Wanted:
    return Wanted(
        reason=reason,
        since=_milliseconds(since) if since else ALL.since,
        until=_milliseconds(until) if until else ALL.until,
    )


def _milliseconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)


def _topic(name: str) -> Topic:
    for topic in TOPICS:
        if topic.name == name.removesuffix(".dead"):
            return topic
    raise Refused(
        0, "topic.unknown", f"There is no topic {name}; there are {', '.join(topic.name for topic in TOPICS)}."
    )


async def _count(broker: KafkaSettings, topics: list[Topic], wanted: Wanted) -> list[JsonObject]:
    counts: dict[tuple[str, str], list[int]] = {}
    for topic in topics:
        async for letter in read_dead_letters(broker, topic, wanted=wanted):
            counts.setdefault((topic.name, letter.reason), [0, 0])[letter.replayed] += 1
    return [
        {"topic": topic, "reason": reason, "waiting": waiting, "replayed": replayed}
        for (topic, reason), (waiting, replayed) in counts.items()
    ]


async def _first(letters: AsyncIterator[DeadLetter], limit: int) -> list[DeadLetter]:
    some: list[DeadLetter] = []
    async for letter in letters:
        if len(some) == limit:
            break
        some.append(letter)
    return some


def _letter(letter: DeadLetter, *, reveal: bool) -> dict[str, Any]:
    """In the order of the table's columns."""
    hidden = {
        name: (content or b"").decode(errors="replace")
        for name, content in (("key", letter.key), ("value", letter.value))
    }
    return {
        "offset": letter.offset,
        "dead_at": datetime.fromtimestamp(letter.dead_at / 1000, UTC).isoformat(timespec="seconds"),
        "reason": letter.reason,
        "from": f"partition {letter.partition}, offset {letter.source_offset}"
        if letter.partition >= 0
        else "never reached it",
        "group": letter.group,
        "bytes": len(letter.value or b""),
        **(hidden if reveal else {"value": masked(letter.value)}),
        "replayed": "yes" if letter.replayed else "",
    }
