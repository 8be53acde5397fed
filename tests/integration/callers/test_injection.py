"""Names, addresses and headers with more in them than they should have: in pages, downloads, mails and redirects."""

import csv
import email
import email.policy
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from services.intake.pages.headers import _HEADERS
from services.notifier.compose import Composer
from services.notifier.mails import Mail
from shared.clock import now
from shared.events import EmailKind
from tests.integration.callers.routes import INTAKE, Guard, under
from tests.integration.callers.world import a_webhook
from tests.integration.intake.api.ledger import Kept, Ledger
from tests.integration.intake.sign_in.site import Browser, Site, open_site

HTML = '<img src=x onerror="alert(1)">'
HOSTILE = [
    "Ada\r\nBcc: thief@evil.example", "Ada\nBcc: thief@evil.example", "=?utf-8?q?Ada=0D=0ABcc:_thief@evil.example?=",
    "Ada\u2028Bcc: thief@evil.example", 'Ada" <thief@evil.example>, "x', "\x00\x1b[31m", "Ä" * 5000, "A" * 5000, HTML,
]  # fmt: skip
HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
}  # fmt: skip


@pytest_asyncio.fixture
async def site(database: Callable[[str], Awaitable[str]], tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(await database("intake"), tmp_path) as opened:
        yield opened


def files_in(folder: Path) -> list[Path]:
    return [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]


async def new_import(site: Site, browser: Browser, *records: Kept, name: str = "learners.csv") -> str:
    made = await browser.post(
        f"/experiences/{site.people['experience_id']}/settings/imports", files={"file": (name, b"Email\r\na@b.com\r\n")},
        data={"csrf": await browser.csrf(), "type": "experience-learners"},
    )  # fmt: skip
    import_id = made.headers["location"].rpartition("/")[2]
    ledger = Ledger(site.deps.pool)
    await ledger.keep(import_id, *records)
    await ledger.turn(import_id, "ready")
    return str(import_id)


@pytest.mark.parametrize("kind", EmailKind)
@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_no_name_adds_a_header_a_recipient_or_markup_to_a_mail(kind: EmailKind, name: str) -> None:
    mail = Mail(
        kind=kind, id="welcome.1", import_id="1", account_id=1, row=2, address="ada@example.edu", first_name=name,
        last_name=name, attempts=0, tried_for=0.0, experience_id="1", experience_name=name, file_name=name,
        review_url="https://rollcall.test/imports/1", counts={},
    )  # fmt: skip
    letter = Composer(base_url="https://rollcall.test", mail_from="Rollcall <rollcall@example.edu>").compose(
        mail, now()
    )
    read = email.message_from_bytes(letter.message, policy=email.policy.default)
    assert set(read.keys()) == HEADERS
    assert len(read.keys()) == len(HEADERS)
    assert [address.addr_spec for address in read["To"].addresses] == [letter.recipient] == ["ada@example.edu"]
    assert max(map(len, letter.message.splitlines())) <= 998
    html = read.get_body(("html",))
    assert html
    assert "<img" not in html.get_content()


async def test_no_name_becomes_markup_on_any_page(site: Site) -> None:
    browser = await site.signed_in()
    await site.deps.pool.execute("update experiences set name = $1", HTML)
    hostile = Kept(2, HTML, first_name=HTML, last_name=HTML, status="error", plan="none", problems=["email.invalid"])
    known = {
        "experience_id": site.people["experience_id"],
        "webhook_id": await a_webhook(site.deps.pool, site.people["experience_id"]),
        "import_id": await new_import(site, browser, hostile, name=f"{HTML}.csv"),
    }
    shown = 0  # pages, with the name on them as text
    for route in under(INTAKE, Guard.PAGE_KNOWN, Guard.PAGE_MINE):
        method, path = route.split(" ")
        if method == "GET":
            answer = await browser.get(re.sub(r"{(\w+)}", lambda found: known[found[1]], path))
            assert "<img src=x" not in answer.text, path
            shown += "&lt;img src=x" in answer.text
    assert shown >= 5


async def test_every_answer_of_every_route_tells_the_browser_to_be_careful(site: Site) -> None:
    browser = await site.signed_in()
    known = {
        "experience_id": site.people["experience_id"],
        "webhook_id": await a_webhook(site.deps.pool, site.people["experience_id"]),
        "import_id": await new_import(site, browser, Kept(2, "a@b.com")),
    }
    names = {"name": "x", "email": "x", "_version": "x", "topic": "x", "partition": "0", "offset": "0", **known}
    for route in INTAKE:
        method, path = route.split(" ")
        if not path.endswith(("/events", "livez", "readyz", "metrics")):
            answer = await browser.request(method, re.sub(r"{(\w+)}", lambda found: names[found[1]], path))
            missing = {name for name in _HEADERS if name not in answer.headers}
            assert not missing, route
            assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("cell", ["=2+3", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''=1"])
async def test_no_cell_of_a_download_is_a_formula_and_none_is_lost(site: Site, cell: str) -> None:
    browser = await site.signed_in()
    import_id = await new_import(site, browser, Kept(2, "a@b.com", cells=["a@b.com", cell, cell]))
    text = (await browser.get(f"/api/v1/imports/{import_id}/records.csv")).text
    rows = list(csv.reader(io.StringIO(text)))
    assert all(not shown.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for shown in row)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "a\r\nSet-Cookie: x=1", 'a"; filename="b.exe', "\u202ecsv.exe", ".."]
)  # fmt: skip
async def test_a_file_name_is_no_path_and_no_header(site: Site, tmp_path: Path, name: str) -> None:
    browser = await site.signed_in()
    import_id = await new_import(site, browser, Kept(2, "a@b.com"), name=name)
    assert files_in(tmp_path) == [Path("imports") / import_id]
    shown = (await browser.get(f"/api/v1/imports/{import_id}")).json()["file"]["name"]
    assert not re.search(r"[/\\\r\n\u202e]", shown)
    download = await browser.get(f"/api/v1/imports/{import_id}/records.csv")
    assert "x" not in download.cookies
    assert re.fullmatch(
        r"attachment; filename=\"[\w.-]+\"; filename\*=UTF-8''[\w.%~-]+", download.headers["content-disposition"]
    )


@pytest.mark.parametrize("name", ["..%2f..%2fREADME.md", "%2e%2e", "experience-learners%2f..", "x%00"])
async def test_a_template_or_a_static_file_is_found_by_name_only(site: Site, name: str) -> None:
    browser = await site.signed_in()
    for path in (f"/api/v1/import-types/{name}/template.csv", f"/static/x/{name}"):
        assert (await browser.get(path)).status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "[", "rollcall.test@evil.example", "a/b?c#d"])
async def test_no_link_and_no_redirect_believes_the_host_header(site: Site, host: str) -> None:
    told = {"Host": host, "X-Forwarded-Host": host, "Forwarded": f"host={host}"}
    browser = await site.signed_in()
    import_id = await new_import(site, browser, Kept(2, "a@b.com"))
    async with site.browser() as stranger:
        answers = [
            await stranger.get(path, headers=told)
            for path in ("/account", "/account/", "/sign-in", "//evil.example/account", "/api/v1/experiences/", "/help")
        ]
    token = {"Authorization": f"Bearer {site.people['token']}"}
    answers.append(await browser.get(f"/api/v1/imports/{import_id}", headers={**told, **token}))
    assert answers[-1].json()["review_url"] == f"http://rollcall.test/imports/{import_id}"
    for answer in answers:
        assert answer.status_code < 500
        assert "evil.example" not in answer.headers.get("location", "")
        assert "//evil.example" not in answer.text


@pytest.mark.parametrize(
    "bomb", [b"[" * 60_000, b'{"name":' * 5_000, b'{"name": "\\ud800"}', b'{"name": ' + b"9" * 50_000 + b"}", b"\xff"]
)
async def test_no_json_breaks_the_api(site: Site, bomb: bytes) -> None:
    told = {"Authorization": f"Bearer {site.people['token']}", "Content-Type": "application/json"}
    async with site.browser() as http:
        answer = await http.post("/api/v1/experiences", content=bomb, headers=told)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
