"""What was said and what is there, in forms that tests compare."""

import json
from collections import Counter


def said(answers):
    """The answers as dicts."""
    return [json.loads(event) for event in answers.events]


def outcomes(answers):
    return [event["outcome"] for event in said(answers)]


def counts(*answers):
    return Counter(outcome for some in answers for outcome in outcomes(some))


def without_chance(answers):
    """The answers without times and account numbers, which are chance."""
    return [
        {name: value for name, value in event.items() if name not in ("at", "account_id")}
        | {"has_account": event["account_id"] is not None}
        for event in said(answers)
    ]


async def people(pool):
    """Everything in the directory, account numbers replaced by their owners."""
    accounts = await pool.fetch(
        "select email_key, email, first_name, last_name, created_by_import::text from accounts order by 1"
    )
    return [tuple(row) for row in accounts], await places(pool)


async def places(pool):
    rows = await pool.fetch(
        "select a.email_key, m.experience_id::text, m.role, m.created_by_import::text"
        " from memberships m left join accounts a on a.id = m.account_id order by 1, 2, 3"
    )
    return [tuple(row) for row in rows]
