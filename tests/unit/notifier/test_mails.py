"""Which mails a batch of events asks for."""

import pytest

from services.notifier.mails import MailStatus, import_facts, one_line, resends, status_under, welcome_mails
from shared.events import EmailPolicy, LifecycleType, Outcome
from tests.unit.notifier.builders import COUNTS, IMPORT, OTHER_IMPORT, changed, provisioned


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.CREATED])
def test_only_new_accounts_are_welcomed(outcome):
    assert welcome_mails([provisioned(outcome=outcome)]) == ([], [])


def test_a_welcome_carries_the_account_the_row_and_the_name():
    ((mail,), _) = welcome_mails([provisioned(7, 12)])
    assert mail[:1] + mail[3:8] == (f"welcome.7.{IMPORT}", 7, 12, "ada@example.edu", "Ada", "Lovelace")


def test_the_same_fact_makes_the_same_id_and_another_import_another():
    mails, _ = welcome_mails([provisioned(), provisioned(), provisioned(import_id=OTHER_IMPORT)])
    assert sorted({mail.id for mail in mails}) == [f"welcome.7.{IMPORT}", f"welcome.7.{OTHER_IMPORT}"]


def test_welcomes_are_sorted_so_that_two_batches_never_wait_for_each_other():
    mails, _ = welcome_mails([provisioned(account) for account in (3, 1, 2)])
    assert [mail.account_id for mail in mails] == [1, 2, 3]


def test_results_that_the_queue_cannot_hold_are_refused_and_the_others_go_on():
    events = [provisioned(import_id="x"), provisioned(None), provisioned(2**63), provisioned(1, -1), provisioned(5)]
    mails, refused = welcome_mails(events)
    assert [mail.account_id for mail in mails] == [5]
    assert refused == [(0, "result.import_id_invalid"), *((i, "result.account_or_row_invalid") for i in (1, 2, 3))]


def test_a_missing_email_value_falls_back_to_the_key():
    ((mail,), _) = welcome_mails([provisioned(values={}, email_key="ada@example.edu")])
    assert (mail.address, mail.first_name) == ("ada@example.edu", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada", "Ada"),
        ("Ada\r\nBcc: all@example.org", "Ada Bcc: all@example.org"),
        ("Nul\x00l", "Nul l"),
        ("Zo\u00eb \u202eevil", "Zo\u00eb  evil"),
        ("half \ud800", "half"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # the joiner belongs to the word
    ],
)
def test_names_are_one_line_and_keep_their_letters(text, expected):
    assert one_line(text) == expected


def test_only_turns_after_the_start_are_kept():
    assert import_facts([changed(LifecycleType.SUBMITTED), changed(LifecycleType.READY)]) == ([], [], [])


def test_a_finished_import_is_told_to_whoever_started_it():
    facts, (finish,), _ = import_facts([changed(), changed(LifecycleType.COMPLETED)])
    assert (finish.id, finish.address, finish.row, finish.account_id) == (
        f"finish.{IMPORT}", "starter@example.edu", 0, None,
    )  # fmt: skip
    assert [known.counts for known in facts] == [COUNTS]


def test_without_a_starter_the_submitter_is_told():
    _, (finish,), _ = import_facts([changed(LifecycleType.COMPLETED, started_by="")])
    assert finish.address == "submitter@example.edu"


def test_a_stopped_import_is_told_of_only_when_it_is_finished():
    assert import_facts([changed(LifecycleType.CANCELLING)])[1] == []


def test_an_old_turn_told_again_does_not_undo_the_completion():
    (known,), _, _ = import_facts([changed(LifecycleType.COMPLETED), changed(LifecycleType.STARTED)])
    assert known.counts == COUNTS


@pytest.mark.parametrize("later", [LifecycleType.STARTED, LifecycleType.COMPLETED])
def test_a_release_counts_wherever_it_stands_in_a_batch(later):
    release, other = changed(LifecycleType.EMAILS_RELEASED), changed(later)
    for batch in ([release], [release, other], [other, release]):
        (known,), _, _ = import_facts(batch)
        assert known.released
        assert (known.counts == COUNTS) is (LifecycleType.COMPLETED in {event.type for event in batch})
    (known,), _, _ = import_facts([other])
    assert not known.released


def test_what_is_asked_for_again_is_known_by_its_event():
    event = changed(LifecycleType.EMAILS_RESENT, id=f"{IMPORT}/ImportEmailsResent/2")
    asked, refused = resends([changed(), event, changed(LifecycleType.EMAILS_RESENT, import_id="x")])
    assert [(resend.id, str(resend.import_id)) for resend in asked] == [(event.id, IMPORT)]
    assert refused == [(2, "lifecycle.import_id_invalid")]


def test_a_turn_of_no_proper_import_is_refused():
    assert import_facts([changed(import_id="x")]) == ([], [], [(0, "lifecycle.import_id_invalid")])


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (EmailPolicy.SEND, MailStatus.QUEUED),
        (EmailPolicy.HOLD, MailStatus.HELD),
        (EmailPolicy.NONE, None),
        (None, MailStatus.WAITING),
        ("send", MailStatus.QUEUED),  # as the database says it
    ],
)
def test_the_policy_decides_how_a_welcome_enters_the_queue(policy, expected):
    assert status_under(policy) is expected
