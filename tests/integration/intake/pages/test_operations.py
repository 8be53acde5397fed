"""The pages of platform administrators: lag, dead letters, one of them, and putting them back; also without a broker."""

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from services.intake.pages import ask_broker, letter_view, replay
from shared.events import RowRead, encode
from shared.kafka import groups, oldest
from shared.kafka.dead_letters import read_dead_letters
from shared.kafka.message import Message, Origin, dead_letter
from shared.kafka.publish import Publisher, open_publisher
from shared.topics import CHECKS, ROWS
from tests.integration.intake.pages.test_import_page import text_of
from tests.integration.intake.sign_in.site import Browser, Site, hidden_fields, open_site

LETTERS = "/operations/dead-letters"
PAGES = (
    "/operations",
    f"{LETTERS}?topic=imports.rows",
    f"{LETTERS}/replay?topic=imports.rows",
    f"{LETTERS}/imports.rows/0",
)
SOMEBODY = "somebody.else@northfield-college.org"


@pytest_asyncio.fixture
async def works(
    database: Callable[[str], Awaitable[str]],
    tmp_path: Path,
    kafka: str,
    topic_prefix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Site]:
    """The pages with a broker behind them, which may take its time."""
    monkeypatch.setitem(ask_broker.answered.__kwdefaults__, "seconds", 60.0)
    monkeypatch.setattr(replay, "ANSWER_SECONDS", 60.0)
    monkeypatch.setattr(letter_view, "_LOOK_SECONDS", 60.0)
    monkeypatch.setattr(oldest, "FETCH_MS", 60_000)
    monkeypatch.setattr(groups, "_PAUSES", (0.5,) * 60)
    async with open_site(
        await database("intake"), tmp_path, kafka_bootstrap=kafka, topic_prefix=topic_prefix
    ) as opened:
        yield opened


@pytest_asyncio.fixture
async def publisher(works: Site) -> AsyncIterator[Publisher]:
    async with open_publisher(works.deps.settings) as opened:
        yield opened


def dead(count: int, reason: str = "event.not_handled") -> list[Message]:
    event = RowRead(
        import_id="6d0e2b4e-0000-4000-8000-000000000001", experience_id="e", type="experience-learners", row=7,
        email_key="ada@example.org", cells=["ada@example.org", "Ada"], columns={"email": 0},
    )  # fmt: skip
    origins = [Origin("imports.rows", 3, number, group="validator.imports.rows") for number in range(count)]
    return [dead_letter(origin, reason, b"ada@example.org", encode(event)) for origin in origins]


async def press(browser: Browser, path: str, **fields: str) -> str:
    answer = await browser.submit(path, {"csrf": await browser.csrf(), **fields})
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_lag_and_dead_letters_are_told_by_numbers_with_words(works: Site, publisher: Publisher) -> None:
    browser = await works.signed_in()
    assert "No dead letters" in (await browser.get("/operations")).text
    await publisher.publish(ROWS, [Message(b"k", b"{}", 0)] * 7)
    await publisher.publish(ROWS.dead, [*dead(3), *dead(2, "event.empty")])
    shown = text_of((await browser.get("/operations")).text)
    assert "validator imports.rows 7 records behind" in shown
    assert "is the age of the oldest Nobody works on it" in shown
    assert "intake imports.checks 0 records behind – up to date" in shown
    assert "imports.rows event.not_handled 3 dead letters waiting 0 dead letters put back" in shown
    assert "event.empty 2 dead letters waiting" in shown


async def test_nobody_else_is_led_there(works: Site) -> None:
    assert 'href="/operations"' in (await (await works.signed_in()).get("/")).text
    somebody = await works.signed_in(SOMEBODY)
    assert "/operations" not in (await somebody.get("/")).text
    for page in PAGES:
        answer = await somebody.get(page)
        assert (answer.status_code, "dead letter" in answer.text.lower()) == (404, False)


async def test_the_list_is_filtered_and_paged_by_offsets(works: Site, publisher: Publisher) -> None:
    await publisher.publish(ROWS.dead, [*dead(2, "event.empty"), *dead(30)])
    browser = await works.signed_in()
    first = (await browser.get(f"{LETTERS}?topic=imports.rows&reason=event.not_handled")).text
    assert "Letter 31" in first
    assert "event.empty" not in first
    onward = re.search(r'href="([^"]+before=\d+)"', first)
    assert onward
    second = (await browser.get(onward[1].replace("&amp;", "&"))).text
    assert [f"Letter {offset}<" in first + second for offset in range(32)] == [False] * 2 + [True] * 30
    hour_ago = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() - 3600))
    assert "Letter 31" in (await browser.get(f"{LETTERS}?topic=imports.rows&since={hour_ago}")).text
    assert "No dead letter fits" in (await browser.get(f"{LETTERS}?topic=imports.rows&until={hour_ago}")).text
    for broken in (
        "topic=none",
        "topic=imports.rows&since=yesterday",
        "topic=imports.rows&reason=%00",
        "topic=imports.rows&before=x",
    ):
        assert (await browser.get(f"{LETTERS}?{broken}")).status_code == 422
    for nothing in ("imports.rows/99", "imports.rows/x", "imports.none/0", f"imports.rows/{'9' * 5000}"):
        assert (await browser.get(f"{LETTERS}/{nothing}")).status_code == 404


async def test_a_letter_is_masked_and_whoever_asks_for_it_as_it_came_is_written_down(
    works: Site, publisher: Publisher
) -> None:
    await publisher.publish(
        ROWS.dead, [*dead(1), Message(b"k", b"<script>\xff", headers=(("reason", b"Ada Lovelace"),))]
    )
    browser = await works.signed_in()
    masked = (await browser.get(f"{LETTERS}/imports.rows/0")).text
    assert "6d0e2b4e-0000-4000-8000-000000000001" in masked
    assert "ada@" not in masked
    assert "dead_letter.shown" not in await works.actions()
    assert "ada@example.org" in await press(browser, f"{LETTERS}/imports.rows/0")
    assert await noted(works, "dead_letter.shown") == ["imports.rows.dead offset 0"]
    hostile = await press(browser, f"{LETTERS}/imports.rows/1")
    assert "&lt;script&gt;\N{REPLACEMENT CHARACTER}" in hostile
    for page in (
        hostile,
        (await browser.get(f"{LETTERS}?topic=imports.rows")).text,
        (await browser.get("/operations")).text,
    ):
        assert "Lovelace" not in page  # what others call a reason may be anything


async def test_replay_asks_puts_back_what_was_asked_for_and_is_written_down(works: Site, publisher: Publisher) -> None:
    await publisher.publish(ROWS.dead, [*dead(3), *dead(2, "event.empty")])
    browser = await works.signed_in()
    question = (await browser.get(f"{LETTERS}/replay?topic=imports.rows&reason=event.empty")).text
    assert "2 dead letters go back onto imports.rows." in text_of(question)
    assert (await browser.submit(f"{LETTERS}/replay", {"topic": "imports.rows"})).status_code == 403
    form = {**hidden_fields(question), "csrf": await browser.csrf()}
    done = await browser.submit(f"{LETTERS}/replay", form)
    assert "2 dead letters were put back onto imports.rows." in text_of(done.text)
    assert await noted(works, "dead_letters.replayed") == ["topic=imports.rows reason=event.empty"]
    told = text_of((await browser.get("/operations")).text)
    assert "event.empty 0 dead letters waiting 2 dead letters put back" in told
    assert "validator imports.rows 2 records behind" in told
    assert (
        "No dead letter waits that fits"
        in (await browser.get(f"{LETTERS}/replay?topic=imports.rows&reason=event.empty")).text
    )


async def test_a_press_ends_and_another_one_goes_on(
    works: Site, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "PRESS_SECONDS", 0.0)
    for _ in range(3):
        await publisher.publish(ROWS.dead, dead(1000))
    browser = await works.signed_in()
    fields, presses = {"topic": "imports.rows", "since": "2020-01-01T00:00"}, 0
    while True:
        page, presses = await press(browser, f"{LETTERS}/replay", **fields), presses + 1
        if "There are more" not in page:
            break
        fields = hidden_fields(page)
        del fields["csrf"]
    told = text_of((await browser.get("/operations")).text)
    assert (presses, "validator imports.rows 3,000 records behind" in told) == (3, True)


async def test_more_letters_than_a_look_reads_are_said_to_be_more(works: Site, publisher: Publisher) -> None:
    await publisher.publish(CHECKS.dead, dead(2500))
    browser = await works.signed_in()
    assert "and more: 2,500 in all" in text_of((await browser.get("/operations")).text)
    assert "At least" in (await browser.get(f"{LETTERS}/replay?topic=imports.checks")).text
    assert len([letter async for letter in read_dead_letters(works.deps.settings, CHECKS)]) == 2500


@pytest.mark.parametrize("silent", [False, True])
async def test_a_broker_that_is_away_is_said_within_seconds(
    database: Callable[[str], Awaitable[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    assert ask_broker.ANSWER_SECONDS <= 5
    monkeypatch.setitem(ask_broker.answered.__kwdefaults__, "seconds", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:  # takes connections and says nothing
        address = f"127.0.0.1:{listener.getsockname()[1] if silent else 1}"
        async with open_site(await database("intake"), tmp_path, kafka_bootstrap=address) as site:
            browser = await site.signed_in()
            for path in PAGES[:1] if silent else PAGES:
                async with asyncio.timeout(14):  # less than the client's own patience
                    page = await browser.get(path)
                assert page.status_code in (200, 503)
                assert "The broker does not answer" in page.text
            if not silent:
                csrf = await browser.csrf()
                answer = await browser.submit(f"{LETTERS}/replay", {"csrf": csrf, "topic": "imports.rows"})
                assert (answer.status_code, "The broker stopped answering" in answer.text) == (503, True)


async def noted(site: Site, action: str) -> list[str]:
    rows = await site.deps.pool.fetch("select about from audit_log where action = $1 order by id", action)
    return [row["about"] for row in rows]
