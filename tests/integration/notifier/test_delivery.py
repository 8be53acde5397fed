"""From the queue to a real mail server and back: each answer, each silence, each crash."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from aiosmtpd.smtp import AuthResult

from services.notifier.answers import Trouble
from services.notifier.mails import import_facts, welcome_mails
from services.notifier.pace import ServerPause
from services.notifier.store import LOST_ANSWER, Store
from shared.events import LifecycleType
from tests.integration.notifier.conftest import eventually
from tests.integration.notifier.post_office import Silence
from tests.unit.notifier.builders import IMPORT, OTHER_IMPORT, changed, provisioned


@pytest.fixture
def queue(store):
    """Queue the welcome mails of so many people, or of these addresses; with the finish mail if asked."""

    async def queue(people=1, *, import_id=IMPORT, finish=False):
        addresses = [f"p{n}@example.edu" for n in range(1, people + 1)] if isinstance(people, int) else people
        events = [provisioned(n, n + 1, email=a, import_id=import_id) for n, a in enumerate(addresses, start=1)]
        turns = [LifecycleType.STARTED, *([LifecycleType.COMPLETED] if finish else [])]
        facts, finishes, _ = import_facts([changed(turn, import_id) for turn in turns])
        await store.keep_imports(facts, finishes)
        await store.queue_welcomes(welcome_mails(events)[0])

    return queue


class KilledStore(Store):
    """Belongs to a process that dies after the mail server took a mail and before that is written down."""

    async def settle(self, settlements, sender):
        raise RuntimeError("killed")


async def end_leases(pool):
    await pool.execute("update emails set lease_until = now() - interval '1 second'")


async def test_every_queued_mail_arrives_once(queue, delivering, settled, post_office):
    await queue(120, finish=True)
    async with delivering():
        assert await settled() == {"sent": 121}
    assert Counter(post_office.recipients) == Counter(
        [*(f"p{n}@example.edu" for n in range(1, 121)), "starter@example.edu"]
    )
    assert len({mail["Message-ID"] for mail in post_office.mails}) == 121


async def test_connections_are_used_again_but_not_for_ever(queue, delivering, settled, post_office):
    await queue(250)
    async with delivering(smtp_connections=2):
        await settled()
    assert 3 <= post_office.connections <= 6


async def test_two_deliveries_at_once_send_each_mail_once(queue, delivering, settled, post_office):
    await queue(300)
    async with delivering(), delivering():
        assert await settled() == {"sent": 300}
    assert len(set(post_office.recipients)) == len(post_office.recipients) == 300


async def test_the_finish_mail_and_a_small_import_do_not_wait_for_a_large_one(queue, delivering, settled, post_office):
    await queue(200, finish=True)
    await queue(["last@example.edu"], import_id=OTHER_IMPORT)
    async with delivering(smtp_connections=1):
        await settled()
    assert post_office.recipients[0] == "starter@example.edu"
    assert post_office.recipients.index("last@example.edu") <= 2


async def test_a_mail_that_is_put_off_is_tried_again(queue, delivering, settled, emails, post_office):
    await queue()
    post_office.to_recipient += ["451 4.7.1 greylisted", "450 busy"]
    post_office.to_mail += ["452 full"]
    async with delivering():
        assert await settled() == {"sent": 1}
    assert await emails("attempts") == [4]
    assert len(post_office.mails) == 1


async def test_a_mail_that_is_put_off_for_too_long_fails_with_the_last_words(
    queue, delivering, settled, emails, post_office
):
    await queue()
    post_office.to_recipient += ["451 4.7.1 not now"]
    async with delivering(mail_retry_hours=0):
        assert await settled() == {"failed": 1}
    assert await emails("reason") == ["Given up after 1 attempts. 451 4.7.1 not now"]


@pytest.mark.parametrize("place", ["to_recipient", "to_mail"])
async def test_a_refused_mail_fails_with_the_reason_but_without_an_address(
    queue, delivering, settled, emails, post_office, place
):
    await queue(["ada.lovelace@example.edu", "next@example.edu"])
    getattr(post_office, place).append("550 5.1.1 <ada.lovelace@example.edu>: no user ada.lovelace here")
    async with delivering(smtp_connections=1):
        assert await settled() == {"failed": 1, "sent": 1}
    assert await emails("reason") == ["550 5.1.1 …: no user … here", ""]
    assert await emails("attempts") == [1, 1]
    assert post_office.connections == 1


@pytest.mark.parametrize("silence", Silence)
@pytest.mark.parametrize("kept", [True, False])
async def test_a_lost_answer_is_doubtful_and_the_mail_is_not_sent_again(
    queue, delivering, settled, emails, post_office, silence, kept
):
    post_office.to_mail.append(silence)
    post_office.keeps_unanswered = kept
    await queue(2)
    async with delivering(smtp_connections=1, smtp_answer_seconds=2.0):
        assert await settled() == {"doubtful": 1, "sent": 1}
    assert len(post_office.mails) == (2 if kept else 1)
    assert "answer was lost" in (await emails("reason"))[0]


@pytest.mark.parametrize("silence", Silence)
async def test_a_silence_before_the_mail_is_written_only_puts_it_off(queue, delivering, settled, post_office, silence):
    await queue()
    post_office.to_recipient.append(silence)
    async with delivering(smtp_seconds=0.3):
        assert await settled() == {"sent": 1}
    assert len(post_office.mails) == 1


async def test_a_busy_server_makes_all_mails_wait(queue, delivering, settled, emails, post_office):
    """One mail finds out, not all of them."""
    await queue(30)
    post_office.to_recipient.append("421 4.3.2 closing down")
    async with delivering(smtp_connections=1):
        assert await settled() == {"sent": 30}
    assert sorted(await emails("attempts")) == [1] * 29 + [2]


async def test_a_server_that_is_down_only_delays_and_costs_no_attempt(queue, delivering, settled, emails, post_office):
    await post_office.close()
    await queue(20)
    pause = ServerPause()
    async with delivering(pause=pause) as task:
        await eventually(_async(lambda: pause.trouble is Trouble.AWAY))
        assert not set(await emails()) - {"queued", "claimed"}
        assert not task.done()
        await pause.check()
        await post_office.open()
        assert await settled() == {"sent": 20}
    assert set(await emails("attempts")) == {1}
    assert pause.trouble is Trouble.NONE


async def test_a_process_that_dies_before_it_settles_leaves_a_doubtful_mail(
    pool, queue, delivering, settled, emails, post_office
):
    await queue(3)
    async with delivering(store=KilledStore(pool), smtp_connections=1) as task:
        with pytest.raises(ExceptionGroup):
            await task
    assert await emails() == {"sending": 1, "queued": 2}
    await end_leases(pool)
    async with delivering():
        assert await settled() == {"doubtful": 1, "sent": 2}
    assert len(post_office.mails) == 3
    assert await emails("reason") == [LOST_ANSWER, "", ""]


async def test_mails_that_a_dead_process_had_only_claimed_are_sent_by_another(pool, store, queue, delivering, settled):
    await queue(3)
    await pool.execute("update emails set status = 'claimed', sender = gen_random_uuid(), lease_until = now()")
    async with delivering():
        assert await settled() == {"sent": 3}


async def test_a_mail_whose_lease_was_lost_is_not_sent_by_its_old_holder(pool, store, queue):
    old, new = UUID(int=1), UUID(int=2)
    await queue()
    (mail,) = await store.claim(old, most=1, lease=timedelta(seconds=0))
    await store.take_back()
    await store.claim(new, most=1, lease=timedelta(seconds=60))
    assert not await store.start_sending(mail.id, old)
    assert await store.start_sending(mail.id, new)


async def test_a_mail_that_one_process_claims_twice_is_sent_once(pool, queue, delivering, settled, emails, post_office):
    """It waited for the mail server so long that its lease ended and another process put it back."""
    await post_office.close()
    await queue()
    pause = ServerPause()
    async with delivering(pause=pause, smtp_connections=4):
        await eventually(_async(lambda: pause.trouble is Trouble.AWAY))
        for _ in range(3):
            await pool.execute("update emails set status = 'queued'")
            await eventually(lambda: _is_claimed(emails))
        await post_office.open()
        assert await settled() == {"sent": 1}
    assert len(post_office.mails) == 1


async def _is_claimed(emails):
    return await emails() == {"claimed": 1}


async def test_a_stop_finishes_the_mail_in_flight_and_gives_the_others_back(queue, delivering, emails, post_office):
    await queue(5)
    post_office.to_mail.append(Silence.HANG)
    async with delivering(smtp_connections=1, smtp_answer_seconds=0.5):
        await eventually(_async(lambda: post_office.mails))
    assert await emails() == {"doubtful": 1, "queued": 4}


async def test_letters_outside_ascii_reach_servers_that_take_them(queue, delivering, settled, post_office):
    await queue(["jörg@bücher.example", "ada@bücher.example"])
    async with delivering(smtp_connections=1):
        assert await settled() == {"sent": 2}
    assert post_office.recipients == ["jörg@xn--bcher-kva.example", "ada@xn--bcher-kva.example"]
    assert ["SMTPUTF8" in options for options in post_office.mail_options] == [True, False]


async def test_and_fail_with_a_clear_reason_at_those_that_do_not(queue, delivering, settled, emails, open_post_office):
    old = await open_post_office(enable_SMTPUTF8=False)
    await queue(["jörg@example.edu", "ada@example.edu"])
    async with delivering(smtp_port=old.port):
        assert await settled() == {"failed": 1, "sent": 1}
    assert await emails("reason") == [
        "The mail server cannot send to addresses with letters outside ASCII before the @.", "",
    ]  # fmt: skip


async def test_lines_that_start_with_a_dot_arrive_whole(queue, store, delivering, settled, post_office):
    facts, _, _ = import_facts([changed(experience_name=".\n.. dots")])
    await store.keep_imports(facts, [])
    await store.queue_welcomes(welcome_mails([provisioned(first_name="\n.\n")])[0])
    async with delivering():
        await settled()
    assert ".. dots" in post_office.mails[0].get_body(("plain",)).get_content()


async def test_an_address_that_is_none_fails_alone(queue, delivering, settled, emails):
    await queue(["nobody", "ada@example.edu"])
    async with delivering():
        assert await settled() == {"failed": 1, "sent": 1}


def refuse_everyone(server, session, envelope, mechanism, data):
    return AuthResult(success=False, handled=False)


async def test_a_wrong_password_stops_sending_and_loses_no_mail(queue, delivering, emails, open_post_office):
    strict = await open_post_office(auth_require_tls=False, authenticator=refuse_everyone)
    await queue(5)
    pause = ServerPause()
    account = {"smtp_username": "rollcall", "smtp_password": "wrong"}
    async with delivering(pause=pause, smtp_port=strict.port, **account) as task:
        await eventually(_async(lambda: pause.trouble is Trouble.SETTINGS))
        with pytest.raises(PermissionError):
            await pause.check()
        assert not task.done()
    assert await emails() == {"queued": 5}
    assert set(await emails("attempts")) == {0}


@pytest.mark.parametrize("reply", ["530 5.7.0 sign in first", "550 5.7.1 this sender is not yours"])
async def test_a_sender_that_is_refused_is_not_the_mails_fault(queue, delivering, emails, post_office, reply):
    await queue(5)
    post_office.to_sender.append(reply)
    pause = ServerPause()
    async with delivering(pause=pause, smtp_connections=1):
        await eventually(_async(lambda: pause.trouble is Trouble.SETTINGS))
    assert await emails() == {"queued": 5}


def _async(condition):
    async def asked():
        return condition()

    return asked


async def test_a_broken_connection_is_noticed_before_a_mail_is_given_to_it(queue, delivering, settled, post_office):
    await queue(1)
    async with delivering(smtp_connections=1):
        await settled()
        await post_office.close()
        await post_office.open()
        await queue(3)
        await asyncio.sleep(0)
        assert await settled() == {"sent": 3}
    assert len(post_office.mails) == 3
