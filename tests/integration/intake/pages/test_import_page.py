"""The page of an import in each of its states, drawn from the ledger alone."""

import html
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from services.intake.states import ImportStatus
from tests.integration.intake.api.ledger import Kept, Ledger
from tests.integration.intake.sign_in.site import ADMINISTRATOR, Browser, Site

CSV = b"Email,First Name,Last Name\r\na@b.com,A,B\r\n"
DETECTED = {
    "kind": "csv", "encoding": "windows-1252", "delimiter": ";", "sheet": "", "header_row": 1, "is_result_file": False,
    "columns": [
        {"header": "<b>Nr</b>", "field": None, "index": 0}, {"header": "E-Mail", "field": "email", "index": 1},
        {"header": "Vorname", "field": "first_name", "index": 2},
    ],
    "ignored": ["<b>Nr</b>"],
}  # fmt: skip
GUESSED = [{"code": "file.encoding_guessed", "level": "warning", "message": "Read as Windows-1252.", "field": ""}]


@dataclass
class Desk:
    """An administrator at her browser, the ledger behind."""

    site: Site
    browser: Browser
    ledger: Ledger

    async def new_import(self, *records: Kept, status: str, **columns: Any) -> str:
        imports = f"/experiences/{self.site.people['experience_id']}/settings/imports"
        csrf = await self.browser.csrf()
        answer = await self.browser.post(
            imports, data={"csrf": csrf, "type": "experience-learners", "emails": columns.pop("policy", "send")},
            files={"file": ("lists/learners.csv", CSV)},
        )  # fmt: skip
        assert answer.status_code == 303, answer.text
        address: str = answer.headers["location"]
        import_id = address.rpartition("/")[2]
        await self.ledger.keep(import_id, *records)
        await self.ledger.turn(import_id, status, **columns)
        return import_id

    async def text(self, address: str, status: int = 200) -> str:
        answer = await self.browser.get(address)
        assert answer.status_code == status, answer.text
        return text_of(answer.text)

    async def press(self, address: str, **form: str) -> Any:
        return await self.browser.submit(address, {"csrf": await self.browser.csrf(), **form})


def text_of(page: str) -> str:
    body = page.partition("<main")[2]
    return re.sub(r" ([,.])", r"\1", " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split()))


@pytest_asyncio.fixture
async def desk(site: Site) -> AsyncIterator[Desk]:
    browser = await site.signed_in()
    yield Desk(site, browser, Ledger(site.deps.pool))
    await browser.aclose()


@pytest.mark.parametrize("policy", ["send", "hold"])
async def test_every_state_has_a_page(desk: Desk, policy: str) -> None:
    records = [
        Kept(2, "a@example.org", outcome="created", mail="sent"),
        Kept(3, "b@example.org", plan="add", outcome="created", mail="failed"),
        Kept(4, "c@example.org", plan="nothing", outcome="unchanged"),
        Kept(5, "d@gmial.com", status="warning", problems=["email.domain_suspicious"], outcome="failed",
             run_problem="provision.refused"),
        Kept(6, "e@example.org", outcome="skipped"),
        Kept(7, "f", status="error", plan="none", problems=["email.invalid"]),
        Kept(8, "g@example.org"),
    ]  # fmt: skip
    import_id = await desk.new_import(*records, status="ready", policy=policy, detected=json.dumps(DETECTED))
    for status in ImportStatus:
        await desk.ledger.turn(import_id, status)
        for query in (
            "",
            "?status=error",
            "?plan=create",
            "?problem=email.invalid",
            "?import_status=success",
            "?row=5",
        ):
            assert "learners.csv" in await desk.text(f"/imports/{import_id}{query}")


async def test_a_file_of_which_only_lines_could_be_read_shows_them(desk: Desk) -> None:
    lines = json.dumps({"first_lines": ["<b>", "what is this"]})
    import_id = await desk.new_import(status="rejected", detected=lines)
    assert "<b> what is this" in await desk.text(f"/imports/{import_id}")


async def test_a_review_says_in_words_what_run_will_do(desk: Desk) -> None:
    records = [
        Kept(2, "a@example.org"),
        Kept(3, "b@example.org", plan="add"),
        Kept(4, "c", status="error", plan="none"),
    ]
    import_id = await desk.new_import(
        *records, status="ready", detected=json.dumps(DETECTED), problems=json.dumps(GUESSED)
    )
    text = await desk.text(f"/imports/{import_id}")
    for said in (
        "1 account will be created",
        "1 person will be added",
        "0 are learners already",
        "1 row cannot be imported",
    ):
        assert said in text
    assert "1 row cannot be imported. Run leaves it out" in text
    assert "Run will create 1 account, add 1 person. 1 row is left out." in text
    assert "Text (CSV), Windows-1252, separated by semicolons" in text
    assert "Read as Windows-1252." in text
    assert "“E-Mail” taken for Email" in text
    assert "<b>Nr</b>" in text  # as text: it is escaped in the page
    assert "<b>Nr</b>" not in (await desk.browser.get(f"/imports/{import_id}")).text


async def test_the_original_stands_beside_what_it_was_taken_for(desk: Desk) -> None:
    record = Kept(2, "ada@example.org", first_name="Jo Ann", cells=["7", "Ada@Example.ORG", "Jo\nAnn"])
    import_id = await desk.new_import(record, status="ready", detected=json.dumps(DETECTED))
    text = await desk.text(f"/imports/{import_id}")
    assert "in the file: “Ada@Example.ORG”" in text
    assert "in the file: “Jo Ann”" in text


async def test_failed_mails_can_be_tried_again(desk: Desk) -> None:
    record = Kept(2, "a@example.org", outcome="created", mail="failed")
    import_id = await desk.new_import(record, status="finished")
    assert "1 could not be sent" in await desk.text(f"/imports/{import_id}")
    assert "It is tried again now." in await desk.text(f"/imports/{import_id}/emails/resend")
    assert (await desk.press(f"/imports/{import_id}/emails/resend")).status_code == 303
    assert "1 waiting to be sent" in await desk.text(f"/imports/{import_id}")
    again = await desk.press(f"/imports/{import_id}/emails/resend")
    assert again.status_code == 409
    assert "No welcome mail of this import has failed." in text_of(again.text)


async def test_what_became_of_mails_is_said_with_reasons(desk: Desk) -> None:
    records = [Kept(2, "a@example.org", outcome="created", mail="failed"), Kept(3, "b@example.org", outcome="added")]
    import_id = await desk.new_import(*records, status="finished", finish_email="failed", started_by=ADMINISTRATOR)
    await desk.site.deps.pool.execute("update record_emails set reason = '550 no such mailbox'")
    text = await desk.text(f"/imports/{import_id}")
    assert "Welcome mail could not be sent: 550 no such mailbox" in text
    assert f"The mail to {ADMINISTRATOR} that it is finished could not be sent." in text
    nobody = await desk.new_import(records[1], status="finished", finish_email="sent")
    text = await desk.text(f"/imports/{nobody}")
    assert "None: nobody got a new account." in text
    assert f"A mail that it is finished went to {ADMINISTRATOR}." in text
    unwanted = await desk.new_import(Kept(2, "a@example.org", outcome="created"), status="finished", policy="none")
    assert "None are sent: that was chosen at the upload." in await desk.text(f"/imports/{unwanted}")


async def test_a_button_pressed_too_late_shows_what_is_true_and_why(desk: Desk) -> None:
    import_id = await desk.new_import(Kept(2, "a@example.org", outcome="created"), status="finished")
    for button in ("run", "cancel"):
        late = await desk.press(f"/imports/{import_id}/{button}")
        assert late.status_code == 409
        assert "The import is finished" in text_of(late.text)
        assert (await desk.browser.get(f"/imports/{import_id}/{button}")).status_code == 303


async def test_search_is_a_form_and_keeps_the_filters(desk: Desk) -> None:
    records = [Kept(row, f"person{row}@example.org", first_name="Ada" if row % 2 else "Bo") for row in range(2, 130)]
    import_id = await desk.new_import(*records, status="ready")
    found = await desk.press(f"/imports/{import_id}/records", q="ada", status="ready")
    assert found.status_code == 200
    assert "Rows 3 to 101" in text_of(found.text)
    onward = dict(
        re.findall(r'name="(after|trail|status|q)" value="([^"]*)"', found.text.partition('class="pages"')[2])
    )
    assert onward == {"q": "ada", "status": "ready", "after": "101", "trail": "0"}
    second = await desk.press(f"/imports/{import_id}/records", **onward)
    assert "Rows 103 to 129" in text_of(second.text)
    cleared = await desk.press(f"/imports/{import_id}/records", q="ada", clear="yes")
    assert "Rows 2 to 51" in text_of(cleared.text)
    assert "No record fits" in text_of((await desk.press(f"/imports/{import_id}/records", q="nobody")).text)
