"""The mission from outside: a file goes in, every record is explained, Run does exactly that, mails arrive once."""

import uuid
from typing import Any

import pytest

from .outside import Outside, adds_up, people, table, until


@pytest.fixture
def tag() -> str:
    return f"t{uuid.uuid4().hex[:8]}"


@pytest.fixture
def outside(running_stack: dict[str, Any]) -> Outside:
    return Outside(running_stack)


def test_a_file_is_checked_reviewed_run_and_told_of(outside: Outside, tag: str) -> None:
    experience = outside.experience(f"Story {tag}")
    ada, bob = f"ada.{tag}@northfield-college.org", f"bob.{tag}@northfield-college.org"
    content = table(
        [
            (ada, " Ada ", "Lovelace"),
            (bob, "Bob", ""),
            (ada.upper(), "Ada", "again"),
            ("", "No", "Email"),
            ("broken@", "", ""),
        ]
    )
    ready = outside.prepared(experience, content)
    assert ready["status"] == "ready"
    assert {name: ready["counts"][name] for name in ("ready", "warning", "error", "create", "none")} == {
        "ready": 2, "warning": 0, "error": 3, "create": 2, "none": 3,
    }  # fmt: skip
    checked = outside.records(ready["id"])
    assert [record["row"] for record in checked] == [2, 3, 4, 5, 6]
    assert checked[0]["cells"] == [ada, " Ada ", "Lovelace"]
    assert checked[0]["values"]["first_name"] == "Ada"
    assert [record["problems"][0]["code"] for record in checked[2:]] == [
        "email.duplicate",
        "email.missing",
        "email.invalid",
    ]
    assert "row 2" in checked[2]["problems"][0]["message"]
    assert {record["import_status"] for record in checked} == {"pending"}

    finished = outside.run(ready["id"])
    assert (finished["counts"]["created"], finished["counts"]["not_imported"]) == (2, 3)
    assert adds_up(finished)
    done = outside.records(ready["id"])
    assert [record["import_status"] for record in done] == ["success", "success", "error", "error", "error"]
    assert [record["outcome"] for record in done] == ["created", "created", None, None, None]

    until(
        lambda: [r["email"] for r in outside.records(ready["id"])][:2] == ["sent", "sent"],
        what="mails sent",
    )
    assert len(outside.mails(to=ada)) == len(outside.mails(to=bob)) == 1
    finish = until(
        lambda: [mail for mail in outside.mails(to=outside.stack["user"]) if ready["id"] in mail.as_string()],
        what="the finish mail",
    )
    assert len(finish) == 1


def test_the_same_file_again_plans_nothing_and_changes_nothing(outside: Outside, tag: str) -> None:
    experience = outside.experience(f"Twice {tag}")
    content = table(people(50, tag))
    first = outside.run(outside.prepared(experience, content)["id"])
    again = until(
        lambda: (found := outside.prepared(experience, content))["counts"]["nothing"] == 50 and found,
        what="the directory's copy",
    )
    assert again["same_as"]
    finished = outside.run(again["id"])
    assert (first["counts"]["created"], finished["counts"]["unchanged"], finished["counts"]["created"]) == (50, 50, 0)
    until(lambda: len(outside.mails(to=f"{tag}.")) >= 50, what="50 welcome mails")
    assert len(outside.mails(to=f"{tag}.")) == 50


def test_people_known_from_another_experience_are_added_without_a_mail(outside: Outside, tag: str) -> None:
    first, second = outside.experience(f"One {tag}"), outside.experience(f"Two {tag}")
    content = table(people(5, tag))
    outside.run(outside.prepared(first, content)["id"])
    planned = until(
        lambda: (found := outside.prepared(second, content))["counts"]["add"] == 5 and found,
        what="the directory's copy",
    )
    finished = outside.run(planned["id"])
    assert finished["counts"]["added"] == 5
    until(lambda: len(outside.mails(to=f"{tag}.")) == 5, what="five welcome mails")
    assert {record["email"] for record in outside.records(planned["id"])} == {"none"}


def test_two_imports_of_the_same_2000_people_at_once_make_each_account_once(outside: Outside, tag: str) -> None:
    experience = outside.experience(f"Race {tag}")
    both = [
        outside.upload(experience, table(order), emails="none")
        for order in (people(2000, tag), people(2000, tag)[::-1])
    ]
    for each in both:
        outside.wait(each["id"], "ready")
    for each in both:
        assert outside.http.post(f"/imports/{each['id']}/run").status_code == 202
    finished = [outside.wait(each["id"], "finished") for each in both]
    assert sum(found["counts"]["created"] for found in finished) == 2000
    assert sum(found["counts"]["unchanged"] for found in finished) == 2000
    assert all(adds_up(found) for found in finished)


def test_drift_is_shown_and_not_hidden(outside: Outside, tag: str) -> None:
    experience = outside.experience(f"Drift {tag}")
    content = table(people(3, tag))
    waiting = outside.prepared(experience, content)
    outside.run(outside.prepared(experience, content)["id"])
    finished = outside.run(waiting["id"])
    assert finished["counts"]["unchanged"] == 3
    assert [(r["plan"], r["outcome"], r["drift"]) for r in outside.records(waiting["id"])] == [
        ("create", "unchanged", True)
    ] * 3


def test_a_cancelled_import_did_nothing(outside: Outside, tag: str) -> None:
    experience = outside.experience(f"Cancel {tag}")
    ready = outside.prepared(experience, table(people(3, tag)))
    assert outside.http.post(f"/imports/{ready['id']}/cancel").status_code == 202
    assert outside.import_(ready["id"])["status"] == "cancelled"
    assert outside.http.post(f"/imports/{ready['id']}/run").status_code == 409
    assert outside.mails(to=f"{tag}.") == []


def test_a_person_who_administers_nothing_sees_nothing(outside: Outside, tag: str) -> None:
    ready = outside.prepared(outside.experience(f"Closed {tag}"), table(people(1, tag)))
    other = Outside(outside.stack, outside.stack["other_token"])
    for path in (f"/imports/{ready['id']}", f"/imports/{ready['id']}/records", f"/imports/{ready['id']}/records.csv"):
        assert other.http.get(path).status_code == 404
    assert other.http.post(f"/imports/{ready['id']}/run").status_code == 404
    assert other.http.get("/experiences").json()["items"] == []


def test_rows_not_imported_come_back_corrected(outside: Outside, tag: str) -> None:
    experience = outside.experience(f"Again {tag}")
    content = table(
        [(f"x.{tag}@northfield-college.org", "=1+1", "Fine"), (f"y.{tag}(at)northfield-college.org", "'-x", "Bad")]
    )
    first = outside.run(outside.prepared(experience, content)["id"])
    file = outside.http.get(f"/imports/{first['id']}/records.csv", params={"import_status": "error"}).content
    assert b"''-x" in file
    corrected = file.replace(b"(at)", b"@")
    second = outside.prepared(experience, corrected)
    assert second["counts"]["create"] == 1
    assert [record["values"]["first_name"] for record in outside.records(second["id"])] == ["'-x"]
