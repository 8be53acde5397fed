"""The audit log of an experience, for its administrators: who did what, a page at a time."""

from services.intake.users.people import note_action
from tests.integration.intake.api.world import Api, is_problem


async def test_who_imported_and_downloaded_and_appointed_is_told_newest_first(api: Api) -> None:
    new = await api.new_import()
    await api.mine.get(f"/imports/{new['id']}/records.csv")
    await api.mine.put(f"/experiences/{api.experience}/administrators/bo@b.edu")
    items = (await api.mine.get(f"/experiences/{api.experience}/audit")).json()["items"]
    assert [item["action"] for item in items] == [
        "administrator.appointed", "records.downloaded", "import.submitted", "experience.created",
    ]  # fmt: skip
    assert {item["who"] for item in items} == {new["submitted_by"]}
    assert (items[0]["person"], items[1]["import_id"]) == ("bo@b.edu", new["id"])


async def test_what_is_done_with_an_import_is_done_in_its_experience(api: Api) -> None:
    new = await api.new_import()
    await note_action(api.deps.pool, "a@b.edu", action="emails.released", import_id=new["id"])
    newest = (await api.mine.get(f"/experiences/{api.experience}/audit", params={"limit": 1})).json()["items"]
    assert (newest[0]["action"], newest[0]["import_id"]) == ("emails.released", new["id"])


async def test_pages_follow_each_other_and_end(api: Api) -> None:
    for number in range(6):
        await note_action(api.deps.pool, "a@b.edu", action=f"number.{number}", experience_id=api.experience)
    seen, after = [], None
    while True:
        asked = {"limit": 3} | ({} if after is None else {"after": after})
        page = (await api.mine.get(f"/experiences/{api.experience}/audit", params=asked)).json()
        seen += [item["action"] for item in page["items"]]
        after = page["next_after"]
        if after is None:
            break
    assert seen == [*(f"number.{number}" for number in reversed(range(6))), "experience.created"]


async def test_since_when_can_be_asked(api: Api) -> None:
    asked = {"since": "2999-01-01T00:00:00Z"}
    assert (await api.mine.get(f"/experiences/{api.experience}/audit", params=asked)).json()["items"] == []


async def test_another_experiences_log_is_not_there(api: Api) -> None:
    is_problem(await api.others.get(f"/experiences/{api.experience}/audit"), 404, "not_found")
