"""Welcome mails that a person asks for: held ones are released once, and what is asked is told and written down."""

import asyncio

import pytest

from services.intake.ask_for_emails import release_emails
from services.intake.read_imports import read_import
from services.intake.start_run import RunRefused, cancel_import, start_run
from shared.events import EmailPolicy
from tests.integration.intake.flow.test_keep import preprocessing, running


async def holding(world):
    """A running import that holds its welcome mails; its approvals."""
    import_id, approvals = await running(world)
    await world.pool.execute("update imports set emails = 'hold'")
    return import_id, approvals


async def test_a_release_is_told_and_written_down_once(world):
    import_id, _ = await holding(world)
    await release_emails(world.deps, import_id, world.person)
    event = await world.last_told()
    assert (event.id, event.emails) == (f"{import_id}/ImportEmailsReleased", EmailPolicy.HOLD)
    found = await read_import(world.pool, import_id)
    assert found["emails_released_at"]
    assert found["emails_released_by"] == world.person
    audit = await world.pool.fetch("select email_key, import_id from audit_log where action = 'emails.released'")
    assert [tuple(row) for row in audit] == [(world.person, import_id)]
    assert world.deps.wake_outbox.is_set()


async def test_of_many_who_release_at_once_one_does(world):
    import_id, _ = await holding(world)
    presses = [release_emails(world.deps, import_id, world.person) for _ in range(5)]
    refused = [answer for answer in await asyncio.gather(*presses, return_exceptions=True) if answer]
    assert {answer.code for answer in refused} == {"emails.already_released"}
    assert len(refused) == 4
    assert (await world.told(import_id)).count("ImportEmailsReleased") == 1


async def test_a_stopped_and_a_finished_import_can_release_too(world):
    stopping, _ = await holding(world)
    await cancel_import(world.deps, stopping, world.person)
    finished, approvals = await holding(world)
    await world.provision(approvals)
    for import_id in (stopping, finished):
        await release_emails(world.deps, import_id, world.person)
        assert (await world.told(import_id))[-1] == "ImportEmailsReleased"


async def test_before_run_there_is_nothing_to_release(world):
    import_id, rows = await preprocessing(world, complete=True)
    for code in ("import.not_ready", "import.not_started"):
        with pytest.raises(RunRefused, match=code):
            await release_emails(world.deps, import_id, world.person)
        await world.check(rows)
    await start_run(world.deps, import_id, world.person)
    with pytest.raises(RunRefused, match=r"emails\.nothing_held"):  # its policy is to send
        await release_emails(world.deps, import_id, world.person)
    assert "ImportEmailsReleased" not in await world.told(import_id)
