"""Welcome mails that a person asks for, over the API."""

import pytest

from tests.integration.intake.api.ledger import Kept
from tests.integration.intake.api.world import Api, is_problem


async def _finished(api: Api, *mails: str | None, emails: str = "send") -> str:
    """A finished import that created an account for each mail; None: its fate is not known yet."""
    import_id = str((await api.new_import(data={"emails": emails}))["id"])
    records = [Kept(row, f"p{row}@example.org", outcome="created", mail=mail) for row, mail in enumerate(mails, 2)]
    await api.ledger.keep(import_id, *records)
    await api.ledger.turn(import_id, "finished")
    return import_id


async def _emails(api: Api, import_id: str) -> list[str]:
    return [record["email"] for record in (await api.mine.get(f"/imports/{import_id}/records")).json()["items"]]


async def test_held_mails_are_queued_from_their_release_on(api: Api) -> None:
    import_id = await _finished(api, None, None, emails="hold")
    assert await _emails(api, import_id) == ["held", "held"]
    answer = await api.mine.post(f"/imports/{import_id}/emails/release")
    assert answer.status_code == 202
    released = answer.json()
    assert (released["id"], released["emails"]) == (import_id, "hold")
    assert released["emails_released_by"] == released["submitted_by"]
    assert released["emails_released_at"]
    assert await _emails(api, import_id) == ["queued", "queued"]
    again = await api.mine.post(f"/imports/{import_id}/emails/release")
    is_problem(again, 409, "emails.already_released")


@pytest.mark.parametrize("emails", ["send", "none"])
async def test_an_import_that_holds_nothing_has_nothing_to_release(api: Api, emails: str) -> None:
    import_id = await _finished(api, None, emails=emails)
    is_problem(await api.mine.post(f"/imports/{import_id}/emails/release"), 409, "emails.nothing_held")


async def test_an_import_that_created_nobody_holds_nothing(api: Api) -> None:
    import_id = await _finished(api, emails="hold")
    is_problem(await api.mine.post(f"/imports/{import_id}/emails/release"), 409, "emails.nothing_held")


async def test_mails_that_failed_are_asked_for_again(api: Api) -> None:
    import_id = await _finished(api, "failed", "sent", "doubtful", None)
    answer = await api.mine.post(f"/imports/{import_id}/emails/resend")
    assert answer.status_code == 202
    assert await _emails(api, import_id) == ["queued", "sent", "doubtful", "queued"]
    is_problem(await api.mine.post(f"/imports/{import_id}/emails/resend"), 409, "emails.nothing_failed")


async def _counts(api: Api, import_id: str) -> dict[str, int]:
    found = (await api.mine.get(f"/imports/{import_id}")).json()["email_counts"]
    assert set(found) == {"queued", "sent", "failed", "held", "doubtful"}
    return {name: count for name, count in found.items() if count}


async def test_an_import_says_how_many_of_its_mails_are_what(api: Api) -> None:
    import_id = await _finished(api, "failed", "sent", "sent", "doubtful", None)
    assert await _counts(api, import_id) == {"failed": 1, "sent": 2, "doubtful": 1, "queued": 1}
    await api.mine.post(f"/imports/{import_id}/emails/resend")
    assert await _counts(api, import_id) == {"sent": 2, "doubtful": 1, "queued": 2}


async def test_held_mails_are_counted_as_held_until_they_are_released(api: Api) -> None:
    import_id = await _finished(api, None, None, emails="hold")
    assert await _counts(api, import_id) == {"held": 2}
    await api.mine.post(f"/imports/{import_id}/emails/release")
    assert await _counts(api, import_id) == {"queued": 2}


async def test_an_import_that_sends_no_mails_counts_none(api: Api) -> None:
    assert await _counts(api, await _finished(api, None, None, emails="none")) == {}


async def test_before_its_run_an_import_has_no_mails(api: Api) -> None:
    import_id = (await api.new_import(data={"emails": "hold"}))["id"]
    for status, code in (("preprocessing", "import.not_ready"), ("ready", "import.not_started")):
        await api.ledger.turn(import_id, status)
        for wish in ("release", "resend"):
            refused = is_problem(await api.mine.post(f"/imports/{import_id}/emails/{wish}"), 409, code)
            assert refused["import_status"] == status


async def test_who_does_not_administer_the_experience_finds_no_mails(api: Api) -> None:
    import_id = await _finished(api, None, emails="hold")
    is_problem(await api.others.post(f"/imports/{import_id}/emails/release"), 404, "not_found")
    is_problem(await api.anonymous.post(f"/imports/{import_id}/emails/release"), 401, "auth.missing")
    assert await _emails(api, import_id) == ["held"]


async def test_what_became_of_the_mail_that_it_is_finished_is_told(api: Api) -> None:
    import_id = await _finished(api, "sent")
    assert (await api.mine.get(f"/imports/{import_id}")).json()["finish_email"] is None
    await api.ledger.turn(import_id, "finished", finish_email="doubtful")
    assert (await api.mine.get(f"/imports/{import_id}")).json()["finish_email"] == "doubtful"
