"""Of every mail of a finished import something is heard in the end: what is not heard of is asked for again, exactly that,
more and more rarely."""

import pytest

from services.intake.ask_for_emails import release_emails, resend_emails
from services.intake.work import repair_mails
from services.intake.work.claim_work import work_on
from shared.clock import iso, now
from shared.events import Codec, EmailKind, EmailSettled, EmailStatus
from shared.topics import APPROVALS, LIFECYCLE
from tests.integration.intake.flow.test_emails import FAILED, SENT, created, settled, shown

CREATED = [3, 6, 9]


@pytest.fixture
async def finished(world):
    """A finished import that created three accounts; nothing was heard of its mails, and all was told once."""
    import_id = await created(world)
    world.kafka.new(APPROVALS)
    await world.pool.execute("delete from outbox")
    return import_id


def finish_mail(import_id, status=SENT):
    return EmailSettled(import_id=str(import_id), kind=EmailKind.FINISH, status=status, at=iso(now()))


async def silence(world, import_id):
    """Nothing moves for a long time. Returns the rows asked for again; None when nobody has anything to do."""
    await world.nothing_moved_for_long(import_id)
    held = await world.claim(import_id)
    if held is None:
        return None
    await work_on(held)
    await held.release()
    return [approval.row for approval in world.kafka.new(APPROVALS)]


async def told_ids(world):
    rows = await world.pool.fetch("delete from outbox returning id, value")
    return [Codec(LIFECYCLE.event).decode(row["value"]).id for row in sorted(rows)]


async def test_mails_nobody_heard_of_are_asked_for_again_and_the_end_is_told_again(world, finished):
    await world.settle_emails([settled(finished, 6, SENT)])
    assert await silence(world, finished) == [3, 9]
    assert await told_ids(world) == [f"{finished}/ImportCompleted"]


async def test_a_turn_told_again_has_its_first_moment(world, finished):
    await silence(world, finished)
    assert (await world.last_told()).at == iso((await world.row(finished))["finished_at"])


async def test_once_all_mails_are_settled_nobody_asks(world, finished):
    await world.settle_emails([*(settled(finished, row, SENT) for row in CREATED), finish_mail(finished)])
    assert await silence(world, finished) == []
    assert await told_ids(world) == []
    assert await silence(world, finished) is None


async def test_the_finish_mail_alone_is_asked_for_by_telling_the_end(world, finished):
    await world.settle_emails([settled(finished, row, SENT) for row in CREATED])
    assert await silence(world, finished) == []
    assert await told_ids(world) == [f"{finished}/ImportCompleted"]


async def test_welcome_mails_that_are_not_wanted_are_not_asked_for(world, finished):
    await world.pool.execute("update imports set emails = 'none'")
    assert await silence(world, finished) == []
    await world.settle_emails([finish_mail(finished)])
    await silence(world, finished)
    assert await silence(world, finished) is None


async def test_held_mails_are_asked_for_once_they_are_released(world, finished):
    await world.pool.execute("update imports set emails = 'hold'")
    await world.settle_emails([finish_mail(finished)])
    assert await silence(world, finished) == []
    assert await silence(world, finished) is None
    await release_emails(world.deps, finished, world.person)
    await told_ids(world)
    assert await silence(world, finished) == CREATED
    assert await told_ids(world) == [f"{finished}/ImportCompleted", f"{finished}/ImportEmailsReleased"]


async def test_failed_mails_that_a_person_wants_again_are_outstanding_again(world, finished):
    words = [settled(finished, row, FAILED if row == 6 else SENT) for row in CREATED]
    await world.settle_emails([*words, finish_mail(finished)])
    await silence(world, finished)
    await resend_emails(world.deps, finished, world.person)
    await told_ids(world)
    assert await silence(world, finished) == [6]
    assert await told_ids(world) == [f"{finished}/ImportCompleted", f"{finished}/ImportEmailsResent/1"]


async def test_the_pause_doubles_with_each_try_up_to_an_hour(world, finished):
    first = world.deps.settings.repair_after_seconds * 2
    for tries, pause in ((0, first), (1, 2 * first), (5, 32 * first), (12, 3600), (79, 3600)):
        await world.pool.execute("update imports set tries = $1", tries)
        for seconds, due in ((pause * 0.6, False), (pause * 1.1, True)):
            await world.pool.execute("update imports set moved_at = now() - make_interval(secs => $1)", seconds)
            held = await world.claim(finished)
            assert bool(held) is due
            if held:
                assert (await held.progress()).mails_late
                await held.release()


async def test_a_word_that_comes_puts_the_question_off_and_does_not_make_it_more_frequent(world, finished):
    await silence(world, finished)
    await world.pool.execute("update imports set moved_at = now() - interval '1 hour'")
    await world.settle_emails([settled(finished, 3, SENT)])
    assert await world.claim(finished) is None
    assert (await world.row(finished))["tries"] == 1


async def test_it_ends_some_time_and_a_late_word_still_counts(world, finished):
    await world.pool.execute("update imports set tries = $1", repair_mails.TRIES)
    assert await silence(world, finished) == []
    assert await told_ids(world) == []
    assert await silence(world, finished) is None
    await world.settle_emails([settled(finished, 3, SENT)])
    assert (await shown(world, finished))[1] == {"sent": 1, "queued": 2}


async def test_mails_of_many_records_are_asked_for_in_batches(world, finished, monkeypatch):
    monkeypatch.setattr(repair_mails, "REST_SECONDS", 0)
    monkeypatch.setattr(repair_mails, "BATCH_ROWS", 2)
    assert await silence(world, finished) == CREATED
    assert world.kafka.batches[APPROVALS.name][-2:] == [2, 1]


async def test_mails_sent_while_an_import_runs_do_not_hide_that_it_hangs(world, finished):
    await world.pool.execute("update imports set status = 'running', moved_at = now() - interval '1 hour'")
    await world.settle_emails([settled(finished, 3, SENT), finish_mail(finished, EmailStatus.DOUBTFUL)])
    assert (await world.pool.fetchval("select now() - moved_at from imports")).total_seconds() > 3000
