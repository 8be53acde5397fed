"""An upload that asks for it is run as soon as it is ready, if nothing is wrong with it; else it waits for a person."""

import pytest

from services.intake.start_run import RunRefused, start_run
from services.intake.states import RunMoment
from shared.topics import APPROVALS, ROWS
from tests.integration.intake.flow.world import adds_up, csv, eventually

CLEAN = csv(6)  # the seventh is looked at twice, the tenth has no email
BY_ITSELF = ["ImportSubmitted", "ImportReady", "ImportStarted"]

pytestmark = pytest.mark.usefixtures("worker")


async def when_clean(world, content, status):
    import_id = await world.submit(content, run=RunMoment.WHEN_CLEAN)
    await eventually(lambda: world.answered(import_id, status, ROWS))
    return import_id


async def test_a_clean_import_runs_by_itself_in_its_submitters_name(world):
    import_id = await when_clean(world, CLEAN, "running")
    row = await world.row(import_id)
    assert await world.told(import_id) == BY_ITSELF
    assert (row["started_by"], row["started_at"]) == (world.person, row["ready_at"])
    assert (await world.last_told()).started_by == "Ada@school.edu"
    audit = await world.pool.fetchrow("select email_key, action from audit_log order by id desc limit 1")
    assert tuple(audit) == (world.person, "import.run_when_clean")


async def test_it_goes_on_to_its_end_like_any_other(world):
    import_id = await when_clean(world, CLEAN, "running")
    await eventually(lambda: world.answered(import_id, "finished", APPROVALS))
    assert adds_up(await world.row(import_id))
    assert await world.told(import_id) == [*BY_ITSELF, "ImportCompleted"]


@pytest.mark.parametrize(
    "content",
    [csv(7), "Email,First Name,Last Name\n,Ann,Lee\n", "Email,First Name,Last Name\na@b.edu,Zoë,\n".encode("cp1252")],
    ids=["a warning", "an error", "a warning about the file"],
)
async def test_what_is_not_clean_waits_for_a_person(world, content):
    import_id = await when_clean(world, content, "ready")
    assert await world.told(import_id) == BY_ITSELF[:2]
    await start_run(world.deps, import_id, world.person)
    assert (await world.told(import_id))[:3] == BY_ITSELF


async def test_a_clean_import_that_did_not_ask_waits_for_a_person(world):
    import_id = await world.ready(CLEAN)
    assert (await world.row(import_id))["started_at"] is None


async def test_what_runs_by_itself_cannot_be_run_once_more(world):
    import_id = await when_clean(world, CLEAN, "running")
    with pytest.raises(RunRefused, match="already_started"):
        await start_run(world.deps, import_id, world.person)
