"""Dead letters put back after a mend, by reason and time, and looked at through the command line."""

import asyncio
import json
import time
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from cli.app import app
from shared.events import RowRead
from shared.kafka.consume import Batch
from shared.kafka.dead_letters import Wanted, read_dead_letters
from shared.kafka.publish import Message, Publisher
from shared.kafka.replay import replay_dead_letters
from shared.settings import ServiceSettings
from shared.topics import ROWS

from .conftest import Consuming, row, until


async def test_events_that_died_of_a_bug_are_handled_after_its_mend_and_the_others_stay_where_they_are(
    settings: ServiceSettings, publisher: Publisher, consuming: Consuming, on_topic: Any
) -> None:
    handled: list[int] = []

    async def with_a_bug(batch: Batch[RowRead]) -> None:
        if any(event.row % 10 == 3 for event in batch.events):
            raise ValueError("nobody thought of threes")
        handled.extend(event.row for event in batch.events)

    async def mended(batch: Batch[RowRead]) -> None:
        handled.extend(event.row for event in batch.events)

    await publisher.publish(ROWS, [*(row(number, partition=2) for number in range(30)), Message(b"k", b"rubbish", 2)])
    async with consuming(with_a_bug):
        await until(lambda: _dead(settings, 4))
    assert sorted(handled) == [number for number in range(30) if number % 10 != 3]
    of_reason = Wanted(reason="event.not_handled")
    assert [(await replay_dead_letters(settings, ROWS, wanted=of_reason)).replayed for _ in range(2)] == [3, 0]
    told = {(letter.reason, letter.replayed) async for letter in read_dead_letters(settings, ROWS)}
    assert told == {("event.not_handled", True), ("event.not_json", False)}
    async with consuming(mended):
        await until(lambda: len(handled) == 30)
    assert sorted(handled) == list(range(30))
    assert len(await on_topic(ROWS.dead)) == 4  # the rubbish was not put back, so it did not die again


async def test_dead_letters_are_found_and_put_back_by_the_time_they_died(
    settings: ServiceSettings, publisher: Publisher, on_topic: Any
) -> None:
    times = []
    for number in range(3):
        times.append(int(time.time() * 1000))
        await publisher.publish(
            ROWS.dead, [Message(b"k", b"%d" % number, headers=(("dead_at", b"%d" % times[-1]), ("reason", b"x")))]
        )
        await asyncio.sleep(0.01)
    middle = Wanted(since=times[1], until=times[2])
    assert [letter.value async for letter in read_dead_letters(settings, ROWS, wanted=middle)] == [b"1"]
    assert (await replay_dead_letters(settings, ROWS, wanted=middle)).replayed == 1
    assert [record.value for record in await on_topic(ROWS)] == [b"1"]
    assert (await replay_dead_letters(settings, ROWS)).replayed == 3  # what was put back by time is not remembered


async def test_the_command_line_shows_no_personal_data_unless_it_is_asked_for(
    settings: ServiceSettings, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = (("reason", b"row.unwanted"), ("dead_at", b"1790000000000"), ("group", b"validator.imports.rows"))
    await publisher.publish(ROWS.dead, [row(7)._replace(headers=facts), Message(b"k", b"x", headers=())])
    monkeypatch.setenv("ROLLCALL_KAFKA_BOOTSTRAP", settings.kafka_bootstrap)
    monkeypatch.setenv("ROLLCALL_TOPIC_PREFIX", settings.topic_prefix)

    async def rollcall(*arguments: str) -> Any:
        result = await asyncio.to_thread(CliRunner().invoke, app, ["dead-letters", *arguments, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    of_reason = ("--reason", "row.unwanted", "--since", "2026-09-01", "--until", "2026-12-31")
    assert await rollcall("list", "--topic", "imports.rows", *of_reason) == [
        {"topic": "imports.rows", "reason": "row.unwanted", "waiting": 1, "replayed": 0}
    ]
    (hidden,) = await rollcall("show", "imports.rows", *of_reason)
    (shown,) = await rollcall("show", "imports.rows", *of_reason, "--reveal")
    assert "p7@" not in str(hidden)
    assert '"row": 7' in hidden["value"]
    assert "p7@example.org" in shown["value"]


async def test_the_command_line_writes_down_who_saw_or_put_back_what_where_the_audit_log_is_there(
    settings: ServiceSettings, publisher: Publisher, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = (("reason", b"row.unwanted"), ("dead_at", b"1790000000000"), ("group", b"validator.imports.rows"))
    await publisher.publish(ROWS.dead, [row(number)._replace(headers=facts) for number in range(3)])
    monkeypatch.setenv("ROLLCALL_KAFKA_BOOTSTRAP", settings.kafka_bootstrap)
    monkeypatch.setenv("ROLLCALL_TOPIC_PREFIX", settings.topic_prefix)
    intake = await database("intake")

    async def rollcall(*arguments: str, known: str = intake) -> str:
        asked = ["dead-letters", *arguments, "--database-url", known]
        result = await asyncio.to_thread(CliRunner().invoke, app, asked)
        assert result.exit_code == 0, result.output
        return str(result.stderr)

    await rollcall("show", "imports.rows")
    assert await rollcall("show", "imports.rows", "--reveal") == ""
    assert await rollcall("replay", "imports.rows", "--reason", "row.unwanted") == ""
    connection = await asyncpg.connect(intake)
    lines = await connection.fetch("select email_key, action, about from audit_log order by id")
    await connection.close()
    assert [tuple(line)[1:] for line in lines] == [
        ("dead_letter.shown", "imports.rows.dead offset 0 to 2"),
        ("dead_letters.replayed", "topic=imports.rows reason=row.unwanted"),
    ]
    assert all(line["email_key"].startswith("operator ") for line in lines)
    away = await rollcall("show", "imports.rows", "--reveal", known="postgresql://nobody@127.0.0.1:1/none")
    assert away.startswith("Not written down in the audit log: The database of intake does not answer")
    assert away.count("\n") == 1


async def _dead(settings: ServiceSettings, count: int) -> bool:
    return len([letter async for letter in read_dead_letters(settings, ROWS)]) >= count
