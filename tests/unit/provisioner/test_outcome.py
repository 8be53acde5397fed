"""What a batch of approvals means, decided without a database."""

import pytest

from services.provisioner.outcome import (
    Directory,
    find_outcomes,
    first_of_each_person,
    flaw,
    places_to_add,
    refusal,
    settle_alone,
)
from shared.events import Outcome
from tests.unit.provisioner.builders import EXPERIENCE, IMPORT, OTHER_EXPERIENCE, OTHER_IMPORT, approval


def outcomes(batch, directory=None, cancelled=()):
    """The outcomes of a batch on a directory, with account ids from 100 on."""
    directory = directory or Directory()
    settled = settle_alone(batch, cancelled)
    people = first_of_each_person(batch, settled)
    created = {key: 100 + n for n, key in enumerate(sorted(people.keys() - directory.accounts.keys()))}
    directory.accounts |= created
    places = places_to_add(batch, settled, directory)
    findings = find_outcomes(batch, settled, accounts=directory.accounts, created=created, added=places)
    return [(finding.outcome, finding.account_id) for finding in findings]


def test_a_new_person_gets_an_account_and_a_membership():
    assert outcomes([approval()]) == [(Outcome.CREATED, 100)]


def test_a_known_person_is_added():
    assert outcomes([approval()], Directory({"ada@example.edu": 7})) == [(Outcome.ADDED, 7)]


def test_a_learner_stays_unchanged():
    known = Directory({"ada@example.edu": 7}, {(7, EXPERIENCE)})
    assert outcomes([approval()], known) == [(Outcome.UNCHANGED, 7)]


def test_a_learner_of_another_experience_is_added():
    known = Directory({"ada@example.edu": 7}, {(7, OTHER_EXPERIENCE)})
    assert outcomes([approval()], known) == [(Outcome.ADDED, 7)]


def test_only_the_first_of_several_records_of_a_person_creates():
    batch = [
        approval("Ada@example.edu", 2),
        approval("ADA@example.edu", 3),
        approval(row=2, import_id=OTHER_IMPORT, experience_id=OTHER_EXPERIENCE),
        approval(row=3, import_id=OTHER_IMPORT, experience_id=OTHER_EXPERIENCE),
    ]
    assert [outcome for outcome, _ in outcomes(batch)] == [
        Outcome.CREATED, Outcome.UNCHANGED, Outcome.ADDED, Outcome.UNCHANGED,
    ]  # fmt: skip
    assert {account_id for _, account_id in outcomes(batch)} == {100}


def test_a_new_account_gets_the_values_of_the_first_record():
    batch = [approval("Ada@example.edu", 2), approval("ADA@example.edu", 3)]
    assert first_of_each_person(batch, {}) == {"ada@example.edu": batch[0]}


def test_a_refused_first_record_leaves_the_creating_to_the_second():
    batch = [approval(type="experience-mentors"), approval(row=3)]
    assert outcomes(batch) == [(Outcome.FAILED, None), (Outcome.CREATED, 100)]


def test_records_of_a_cancelled_import_are_skipped_and_others_are_not():
    batch = [approval(), approval(import_id=OTHER_IMPORT)]
    assert outcomes(batch, cancelled={IMPORT}) == [(Outcome.SKIPPED, None), (Outcome.CREATED, 100)]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"type": "experience-mentors"}, "its import type is not known here"),
        ({"experience_id": "the-experience"}, "its experience is not known"),
        ({"experience_id": EXPERIENCE.upper()}, "its experience is not known"),
        ({"email_key": ""}, "it has no email"),
        ({"email_key": "grace@example.edu"}, "its email is not the one it was handed over for"),
        ({"email_key": "Ada@example.edu"}, "its email is not the one it was handed over for"),
        ({"values": {}}, "its email is not the one it was handed over for"),
    ],
)
def test_an_approval_that_makes_no_sense_is_refused_with_a_reason(changed, reason):
    assert refusal(approval(**changed)) == reason
    problem = settle_alone([approval(**changed)], set())[0].problem
    assert problem.code == "provision.refused"
    assert reason in problem.message


def test_an_email_in_another_spelling_is_the_same_person():
    assert refusal(approval(" Ada@EXAMPLE.edu ")) is None
    assert refusal(approval("ada@bücher.example")) is None


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"import_id": "no-uuid"}, "approval.import_id_invalid"),
        ({"import_id": IMPORT.replace("-", "")}, "approval.import_id_invalid"),
        ({"row": 0}, "approval.row_invalid"),
        ({"row": 2**31}, "approval.row_invalid"),
        ({}, None),
    ],
)
def test_an_approval_without_a_place_for_its_answer_has_a_flaw(changed, code):
    assert flaw(approval(**changed)) == code
