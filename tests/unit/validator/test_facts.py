"""What events tell of the directory."""

import dataclasses
from datetime import UTC, datetime

import pytest

from services.validator.facts import BadEventError, Fact, Facts, tell_change, tell_result
from shared.events import Outcome
from tests.unit.validator.builders import EXPERIENCE, account_changed, membership_changed, provisioned

ADA = "ada@example.org"
PLACE = (EXPERIENCE, ADA)
NOON, ONE = "2025-01-02T12:00:00+00:00", "2025-01-02T13:00:00+00:00"


@pytest.mark.parametrize("outcome", [Outcome.CREATED, Outcome.ADDED, Outcome.UNCHANGED])
def test_whoever_was_provisioned_has_an_account_and_is_a_learner(outcome: Outcome) -> None:
    facts = Facts()
    tell_result(facts, provisioned(ADA, outcome, at=NOON))
    there = Fact(datetime(2025, 1, 2, 12, tzinfo=UTC), gone=False)
    assert facts == Facts(accounts={ADA: there}, memberships={PLACE: there})


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.SKIPPED])
def test_where_nothing_was_done_nothing_is_learned(outcome: Outcome) -> None:
    facts = Facts()
    tell_result(facts, provisioned(ADA, outcome))
    assert facts == Facts()


def test_accounts_and_learners_come_and_go_and_other_roles_do_not_matter() -> None:
    facts = Facts()
    tell_change(facts, account_changed(ADA, present=False))
    tell_change(facts, membership_changed(ADA, present=True))
    tell_change(facts, membership_changed("bob@example.org", present=True, role="administrator"))
    assert facts.accounts[ADA].gone
    assert list(facts.memberships) == [PLACE]
    assert not facts.memberships[PLACE].gone


@pytest.mark.parametrize("order", [1, -1])
def test_the_newest_fact_wins_in_any_order(order: int) -> None:
    facts = Facts()
    for change in [account_changed(ADA, present=True, at=NOON), account_changed(ADA, present=False, at=ONE)][::order]:
        tell_change(facts, change)
    assert facts.accounts[ADA].gone


@pytest.mark.parametrize("order", [1, -1])
def test_at_the_same_instant_gone_wins_in_any_order(order: int) -> None:
    facts = Facts()
    for change in [membership_changed(ADA, present=True), membership_changed(ADA, present=False)][::order]:
        tell_change(facts, change)
    assert facts.memberships[PLACE].gone


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"at": "yesterday"}, "event.bad_time"),
        ({"at": "2025-01-02T12:00:00"}, "event.bad_time"),
        ({"at": ""}, "event.bad_time"),
        ({"email_key": "a\0@example.org"}, "event.bad_email_key"),
        ({"email_key": "a" * 400}, "event.bad_email_key"),
        ({"experience_id": "somewhere"}, "event.bad_id"),
    ],
)
def test_a_fact_without_sense_is_refused_with_a_reason(changed: dict[str, str], reason: str) -> None:
    for tell, event in ((tell_result, provisioned(ADA)), (tell_change, membership_changed(ADA, present=True))):
        facts = Facts()
        with pytest.raises(BadEventError) as refused:
            tell(facts, dataclasses.replace(event, **changed))
        assert refused.value.args == (reason,)
        assert facts == Facts()


def test_a_change_of_nobody_is_refused_and_a_result_about_an_erased_person_says_nothing() -> None:
    facts = Facts()
    with pytest.raises(BadEventError, match=r"event\.bad_email_key"):
        tell_change(facts, dataclasses.replace(membership_changed(ADA, present=True), email_key=""))
    tell_result(facts, dataclasses.replace(provisioned(ADA), email_key=""))
    assert facts == Facts()
