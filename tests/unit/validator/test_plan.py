"""What Run will do, from what is known."""

import pytest

from services.validator.plan import People, plan_record
from shared.events import Plan, PreImportStatus

READY, WARNING, ERROR = PreImportStatus.READY, PreImportStatus.WARNING, PreImportStatus.ERROR


@pytest.mark.parametrize(
    ("status", "account", "learner", "plan"),
    [
        (READY, False, False, Plan.CREATE),
        (READY, True, False, Plan.ADD),
        (READY, True, True, Plan.NOTHING),
        (READY, False, True, Plan.NOTHING),  # the fact of the account is still on its way
        (WARNING, False, False, Plan.CREATE),
        (WARNING, True, False, Plan.ADD),
        (WARNING, True, True, Plan.NOTHING),
        (ERROR, False, False, Plan.NONE),
        (ERROR, True, False, Plan.NONE),
        (ERROR, True, True, Plan.NONE),
    ],
)
def test_the_plan_follows_from_status_account_and_membership(
    status: PreImportStatus, account: bool, learner: bool, plan: Plan
) -> None:
    key = "ada@example.org"
    people = People(accounts={key} if account else set(), learners={key} if learner else set())
    assert plan_record(status, key, people) is plan
