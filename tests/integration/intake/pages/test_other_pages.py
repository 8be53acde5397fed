"""The list of imports, the form, the guide, and errors that are written for people."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from services.intake.api.errors import ApiError
from tests.integration.intake.pages.test_import_page import CSV, text_of
from tests.integration.intake.sign_in.site import Site, open_site

ERRORS = {
    404: "There is nothing here for you", 405: "That does not work here", 413: "That is too large",
    429: "One moment, please", 500: "Something went wrong", 503: "We will be right back", 418: "What happened.",
}  # fmt: skip


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_the_list_is_paged_newest_first(site: Site) -> None:
    browser = await site.signed_in()
    imports = f"/experiences/{site.people['experience_id']}/settings/imports"
    assert "No imports yet" in text_of((await browser.get(imports)).text)
    csrf = await browser.csrf()
    for number in range(28):
        form = {"csrf": csrf, "type": "experience-learners"}
        assert (await browser.post(imports, data=form, files={"file": (f"{number:02}.csv", CSV)})).status_code == 303
    first = (await browser.get(imports)).text
    assert "27.csv" in first
    assert "02.csv" not in first
    onward = first.partition('href="?after=')[2].partition('"')[0]
    second = text_of((await browser.get(f"{imports}?after={onward}")).text)
    assert "02.csv" in second
    assert "First page" in second
    assert "00.csv" in second


async def test_what_cannot_be_taken_is_said_on_the_form(site: Site) -> None:
    browser = await site.signed_in()
    imports = f"/experiences/{site.people['experience_id']}/settings/imports"
    form = {"csrf": await browser.csrf(), "type": "nothing"}
    refused = await browser.post(imports, data=form, files={"file": ("learners.csv", CSV)})
    assert refused.status_code == 422
    assert "There is no such import type" in text_of(refused.text)
    missing = await browser.post(imports, data={**form, "type": "experience-learners"}, files={"other": ("a", b"b")})
    assert "There is no file" in text_of(missing.text)


async def test_a_file_that_cannot_be_stored_right_now_is_nobodys_fault(site: Site, tmp_path: Path) -> None:
    browser = await site.signed_in()
    imports = f"/experiences/{site.people['experience_id']}/settings/imports"
    form = {"csrf": await browser.csrf(), "type": "experience-learners"}
    (tmp_path / "imports").touch()  # in the way of a folder
    refused = await browser.post(imports, data=form, files={"file": ("learners.csv", CSV)})
    assert refused.status_code == 503
    assert "The file cannot be stored right now" in text_of(refused.text)
    assert "No imports yet" in text_of((await browser.get(imports)).text)
    (tmp_path / "imports").unlink()
    assert (await browser.post(imports, data=form, files={"file": ("learners.csv", CSV)})).status_code == 303


async def test_a_file_over_the_limit_is_refused_with_the_limit(
    database: Callable[[str], Awaitable[str]], tmp_path: Path
) -> None:
    async with open_site(await database("intake"), tmp_path, upload_max_bytes=1000) as site:
        browser = await site.signed_in()
        imports = f"/experiences/{site.people['experience_id']}/settings/imports"
        form = {"csrf": await browser.csrf(), "type": "experience-learners"}
        refused = await browser.post(imports, data=form, files={"file": ("learners.csv", b"x" * 2000)})
        assert refused.status_code == 413
        assert "larger than 1 kB" in text_of(refused.text)
        assert not stored(tmp_path)


async def test_an_upload_without_the_token_leaves_nothing(site: Site) -> None:
    browser = await site.signed_in()
    imports = f"/experiences/{site.people['experience_id']}/settings/imports"
    form = {"csrf": "made up", "type": "experience-learners"}
    refused = await browser.post(imports, data=form, files={"file": ("learners.csv", CSV)})
    assert refused.status_code == 403
    assert "That was not accepted" in text_of(refused.text)
    assert "No imports yet" in text_of((await browser.get(imports)).text)


async def test_errors_are_pages_for_people_and_problem_details_for_programs(site: Site) -> None:
    async def fail(status: int) -> None:
        if status == 500:
            raise RuntimeError
        raise ApiError(status, "some.code", "What happened.", headers={"Retry-After": "5"})

    site.app.add_api_route("/broken", fail)
    site.app.add_api_route("/api/v1/broken", fail)
    async with site.browser() as browser:
        for status, said in ERRORS.items():
            page = await browser.get(f"/broken?status={status}")
            assert page.status_code == status
            assert said in text_of(page.text)
            assert (f'href="/broken?status={status}">Try again' in page.text) is (status in (429, 500, 503))
            program = await browser.get(f"/api/v1/broken?status={status}")
            assert program.headers["content-type"] == "application/problem+json"


async def test_the_guide_and_the_welcome_page_are_for_everybody(site: Site) -> None:
    async with site.browser() as browser:
        guide = await browser.get("/help")
        assert guide.status_code == 200
        assert 'id="prepare-a-file"' in guide.text
        assert "<img" not in guide.text.partition("<main")[2]
        welcome = text_of((await browser.get("/welcome?account=7&experience=x")).text)
        assert "What to do next" in welcome
        assert "ask the person who runs the experience" in welcome


async def test_static_files_are_kept_for_a_year_under_their_version_only(site: Site) -> None:
    async with site.browser() as browser:
        address = (await browser.get("/help")).text.partition('type="module" src="')[2].partition('"')[0]
        right = await browser.get(address)
        assert "immutable" in right.headers["cache-control"]
        assert right.headers["content-type"].startswith("text/javascript")
        old = await browser.get(address.replace(address.split("/")[2], "older"))
        assert old.headers["cache-control"] == "no-cache"
        assert (await browser.get("/static/x/none.js")).status_code == 404
