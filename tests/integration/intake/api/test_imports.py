"""Imports: one, and their list."""

from tests.integration.intake.api.ledger import Kept
from tests.integration.intake.api.world import Api


async def test_counts_add_up_once_finished(api: Api) -> None:
    import_id = (await api.new_import())["id"]
    await api.ledger.keep(
        import_id,
        Kept(2, "a@example.org", outcome="created"),
        Kept(3, "b@example.org", plan="add", outcome="added"),
        Kept(4, "c@example.org", plan="nothing", outcome="unchanged"),
        Kept(5, "d@example.org", outcome="failed", status="warning"),
        Kept(6, "e@example.org", outcome="skipped"),
        Kept(7, "f", status="error", plan="none"),
    )
    await api.ledger.turn(import_id, "running")
    assert (await api.mine.get(f"/imports/{import_id}")).json()["counts"]["not_imported"] == 0
    await api.ledger.turn(import_id, "finished")
    found = (await api.mine.get(f"/imports/{import_id}")).json()
    assert found["counts"] == {
        "ready": 4, "warning": 1, "error": 1, "create": 3, "add": 1, "nothing": 1, "none": 1,
        "created": 1, "added": 1, "unchanged": 1, "failed": 1, "skipped": 1, "not_imported": 1,
    }  # fmt: skip
    assert found["progress"] == {"rows": 6, "read_complete": True, "checked": 6, "provisioned": 5}


async def test_counts_of_an_import_cancelled_before_run_add_up_as_its_records_say(api: Api) -> None:
    import_id = (await api.new_import())["id"]
    await api.ledger.keep(
        import_id, Kept(2, "a@example.org"), Kept(3, "b@example.org"), Kept(4, "c", status="error", plan="none")
    )
    await api.ledger.turn(import_id, "cancelled")
    counts = (await api.mine.get(f"/imports/{import_id}")).json()["counts"]
    assert (counts["skipped"], counts["not_imported"], counts["created"]) == (2, 1, 0)
    skipped = (await api.mine.get(f"/imports/{import_id}/records", params={"import_status": "skipped"})).json()
    assert len(skipped["items"]) == counts["skipped"]


async def test_an_import_that_is_ready_needs_a_review_also_in_the_list(api: Api) -> None:
    import_id = (await api.new_import())["id"]
    for status, needs_review in (("preprocessing", False), ("ready", True), ("running", False)):
        await api.ledger.turn(import_id, status)
        assert (await api.mine.get(f"/imports/{import_id}")).json()["needs_review"] is needs_review
        [listed] = (await api.mine.get(f"/experiences/{api.experience}/imports")).json()["items"]
        assert listed["needs_review"] is needs_review


async def test_what_was_detected_and_what_is_wrong_with_the_file_is_shown(api: Api) -> None:
    import_id = (await api.new_import())["id"]
    problem = '[{"code": "file.empty", "level": "error", "message": "Choose another.", "field": "", "params": {}}]'
    await api.ledger.turn(import_id, "rejected", detected='{"encoding": "utf-8", "columns": []}', problems=problem)
    found = (await api.mine.get(f"/imports/{import_id}")).json()
    assert found["file"]["detected"] == {"encoding": "utf-8", "columns": []}
    assert found["problems"] == [{"code": "file.empty", "field": "", "level": "error", "message": "Choose another."}]


async def test_imports_are_listed_newest_first_in_pages(api: Api) -> None:
    ids = [(await api.new_import())["id"] for _ in range(5)]
    await api.deps.pool.execute("update imports set submitted_at = '2026-09-01' where id = any($1::uuid[])", ids[:3])
    path = f"/experiences/{api.experience}/imports"
    whole = [found["id"] for found in (await api.mine.get(path)).json()["items"]]
    assert whole == [ids[4], ids[3], *sorted(ids[:3])]
    pages: list[str] = []
    after = None
    while True:
        page = (await api.mine.get(path, params={"limit": 2} | ({"after": after} if after else {}))).json()
        pages += [found["id"] for found in page["items"]]
        after = page["next_after"]
        if after is None:
            break
    assert pages == whole


async def test_a_page_after_an_import_of_another_experience_is_empty(api: Api) -> None:
    other = (await api.mine.post("/experiences", json={"name": "Other"})).json()["id"]
    import_id = (await api.new_import())["id"]
    assert (await api.mine.get(f"/experiences/{other}/imports", params={"after": import_id})).json()["items"] == []


async def test_the_template_has_exactly_the_headers_of_its_type(api: Api) -> None:
    [kind] = (await api.mine.get("/import-types")).json()["items"]
    assert (kind["type"], kind["label"]) == ("experience-learners", "Experience learners")
    template = await api.mine.get(kind["template_url"].removeprefix("/api/v1"))
    assert template.text == "Email,First Name,Last Name\r\n"
    assert template.headers["content-type"].startswith("text/csv")
    assert "experience-learners-template.csv" in template.headers["content-disposition"]
    unknown = await api.mine.get("/import-types/teachers/template.csv")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "import_type.unknown")
