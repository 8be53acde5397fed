"""Welcome mails: counted as they are settled; released and asked for again by a person, which is told and written down."""

import asyncio
import dataclasses
import itertools
from datetime import UTC, datetime, timedelta

import pytest

from services.intake.ask_for_emails import release_emails, resend_emails
from services.intake.read_imports import read_import
from services.intake.records.email_view import email_counts
from services.intake.records.list_records import list_records
from services.intake.records.record_filters import Filters
from services.intake.records.record_view import record_view
from services.intake.start_run import RunRefused, cancel_import, start_run
from shared.clock import iso
from shared.events import EmailKind, EmailPolicy, EmailSettled, EmailStatus
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


SENT, FAILED, DOUBTFUL = EmailStatus.SENT, EmailStatus.FAILED, EmailStatus.DOUBTFUL
MORNING = datetime(2026, 3, 1, 10, tzinfo=UTC)


async def created(world):
    """A finished import that created three accounts."""
    import_id, approvals = await running(world, 9)
    await world.provision(approvals)
    assert [approval.row for approval in approvals if approval.plan == "create"] == [3, 6, 9]
    return import_id


def settled(import_id, row, status, minute=0):
    at = iso(MORNING + timedelta(minutes=minute))
    return EmailSettled(import_id=str(import_id), kind=EmailKind.WELCOME, status=status, at=at, row=row)


async def shown(world, import_id):
    """The mails of the records that were created, and how many the import says are what (those that are not 0)."""
    found = await read_import(world.pool, import_id)
    page = await list_records(world.pool, found, filters=Filters())
    views = [record_view(record, found) for record in page.records]
    counts = {name: count for name, count in email_counts(found).items() if count}
    return [str(view["email"]) for view in views if view["outcome"] == "created"], counts


async def test_mails_are_counted_as_they_are_shown_whatever_is_told_again_or_late(world):
    import_id = await created(world)
    assert await shown(world, import_id) == (["queued"] * 3, {"queued": 3})
    told = [
        settled(import_id, 3, DOUBTFUL), settled(import_id, 3, SENT, 1), settled(import_id, 6, FAILED, 2),
        settled(import_id, 9, SENT, 3),
    ]  # fmt: skip
    expected = (["sent", "failed", "sent"], {"sent": 2, "failed": 1})
    for order in itertools.permutations(told):
        await world.pool.execute("delete from record_emails")
        await world.pool.execute("update imports set emails_sent = 0, emails_failed = 0, emails_doubtful = 0")
        for event in order:
            await world.settle_emails([event])
        await world.settle_emails(list(order))
        assert await shown(world, import_id) == expected


async def test_mails_of_several_imports_in_one_batch_are_counted_for_each(world):
    first, second = await created(world), await created(world)
    await world.settle_emails([settled(first, 3, SENT), settled(second, 3, FAILED), settled(first, 6, SENT)])
    assert (await shown(world, first))[1] == {"queued": 1, "sent": 2}
    assert (await shown(world, second))[1] == {"queued": 2, "failed": 1}


async def test_batches_at_once_count_each_mail_once(world):
    import_id = await created(world)
    fates = enumerate((DOUBTFUL, FAILED, SENT))
    events = [settled(import_id, row, status, minute) for minute, status in fates for row in (3, 6, 9)]
    await asyncio.gather(*(world.settle_emails(events[start::4]) for start in (0, 1, 2, 3, 0, 1, 2, 3)))
    assert await shown(world, import_id) == (["sent"] * 3, {"sent": 3})


async def test_failed_mails_are_queued_again_until_a_newer_word_comes(world):
    import_id = await created(world)
    failed = [settled(import_id, 3, FAILED, 1), settled(import_id, 6, FAILED, 2)]
    await world.settle_emails([*failed, settled(import_id, 9, DOUBTFUL, 3)])
    await resend_emails(world.deps, import_id, world.person)
    queued = (["queued", "queued", "doubtful"], {"queued": 2, "doubtful": 1})
    assert await shown(world, import_id) == queued
    await world.settle_emails(failed)  # old words, told again
    assert await shown(world, import_id) == queued
    await world.settle_emails([settled(import_id, 3, SENT, 4), settled(import_id, 6, FAILED, 5)])
    assert await shown(world, import_id) == (["sent", "failed", "doubtful"], {"sent": 1, "failed": 1, "doubtful": 1})


async def test_each_resend_is_told_and_written_down_as_one_of_its_own(world):
    import_id = await created(world)
    for time in (1, 2):
        await world.settle_emails([settled(import_id, 3, FAILED, time)])
        await resend_emails(world.deps, import_id, world.person)
        assert (await world.last_told()).id == f"{import_id}/ImportEmailsResent/{time}"
    audit = await world.pool.fetch("select email_key, import_id from audit_log where action = 'emails.resent'")
    assert [tuple(row) for row in audit] == [(world.person, import_id)] * 2


async def test_of_many_who_ask_again_at_once_one_is_told(world):
    import_id = await created(world)
    await world.settle_emails([settled(import_id, 3, FAILED)])
    presses = [resend_emails(world.deps, import_id, world.person) for _ in range(5)]
    refused = [answer.code for answer in await asyncio.gather(*presses, return_exceptions=True) if answer]
    assert refused == ["emails.nothing_failed"] * 4
    assert (await world.told(import_id)).count("ImportEmailsResent") == 1


async def test_a_failure_that_is_told_only_after_others_were_asked_for_again_counts(world):
    import_id = await created(world)
    await world.settle_emails([settled(import_id, 3, FAILED, 1)])
    await resend_emails(world.deps, import_id, world.person)
    await world.settle_emails([settled(import_id, 6, FAILED, 2)])
    assert await shown(world, import_id) == (["queued", "failed", "queued"], {"queued": 2, "failed": 1})
    await world.settle_emails([settled(import_id, 3, SENT, 3), settled(import_id, 6, SENT, 3)])
    assert (await shown(world, import_id))[1] == {"queued": 1, "sent": 2}


async def test_without_a_failed_mail_there_is_nothing_to_send_again(world):
    import_id = await created(world)
    await world.settle_emails([settled(import_id, 3, SENT), settled(import_id, 6, DOUBTFUL)])
    with pytest.raises(RunRefused, match=r"emails\.nothing_failed"):
        await resend_emails(world.deps, import_id, world.person)


@pytest.mark.parametrize("at", ["yesterday", "", "2026-01-01T00:00:00", "9999-12-31T23:59:59-14:00", "1e400"])
async def test_a_word_of_no_time_goes_to_the_dead_letters_and_costs_no_other(world, at):
    import_id = await created(world)
    untimely = dataclasses.replace(settled(import_id, 3, FAILED), at=at)
    batch = await world.settle_emails([settled(import_id, 3, SENT), untimely, settled(import_id, 6, SENT)])
    assert (batch.rejected or {1: "event.bad_time"}) == {1: "event.bad_time"}
    assert (await world.settle_emails([untimely])).rejected == {0: "event.bad_time"}
    assert await shown(world, import_id) == (["sent", "sent", "queued"], {"queued": 1, "sent": 2})
