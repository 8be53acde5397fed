"""Rows through the handler, on a real database."""

import asyncio

import asyncpg

from services.validator.consumers import Deps, on_rows_read
from services.validator.facts import Facts, tell_change, tell_result
from services.validator.store import Store
from shared.events import Plan, PreImportStatus, RecordChecked, RowRead
from tests.integration.validator.conftest import KeptMessages
from tests.unit.validator.builders import (
    EXPERIENCE,
    OTHER_EXPERIENCE,
    OTHER_IMPORT,
    account_changed,
    batch_of,
    membership_changed,
    provisioned,
    row_read,
    rows_read,
)


async def checked(deps: Deps, rows: list[RowRead]) -> list[RecordChecked]:
    await on_rows_read(batch_of(*rows), deps)
    return deps.publisher.take()


def duplicates(records: list[RecordChecked]) -> dict[int, str]:
    """Row -> the row that its email is said to be in already."""
    return {
        record.row: told.params["row"]
        for record in records
        for told in record.problems
        if told.code == "email.duplicate"
    }


async def test_every_row_gets_its_record_in_order_with_the_rows_key_and_partition(deps: Deps) -> None:
    await on_rows_read(batch_of(*rows_read("ada@example.org", "", "bob"), partition=5), deps)
    assert [(message.key, message.partition) for message in deps.publisher.messages] == [
        (b"ada@example.org", 5), (b"", 5), (b"bob", 5),
    ]  # fmt: skip
    assert [(record.row, record.status) for record in deps.publisher.take()] == [
        (2, PreImportStatus.READY), (3, PreImportStatus.ERROR), (4, PreImportStatus.ERROR),
    ]  # fmt: skip


async def test_a_batch_delivered_again_says_the_same_and_changes_nothing(deps: Deps, pool: asyncpg.Pool) -> None:
    rows = rows_read("ada@example.org", "ADA@example.org", "bob@example.org", "", "x")
    first = await checked(deps, rows)
    stored = await pool.fetch("select * from seen order by row")
    assert await checked(deps, rows) == first
    assert await pool.fetch("select * from seen order by row") == stored
    assert len(stored) == 2


async def test_the_first_of_two_rows_wins_within_a_batch(deps: Deps) -> None:
    records = await checked(
        deps, rows_read("ada@example.org", "bob@example.org", " ADA@Example.org", "ada@example.org")
    )
    assert duplicates(records) == {4: "2", 5: "2"}
    assert [record.plan for record in records] == [Plan.CREATE, Plan.CREATE, Plan.NONE, Plan.NONE]


async def test_duplicates_are_found_across_batches_and_restarts(deps: Deps, pool: asyncpg.Pool) -> None:
    await checked(deps, rows_read("ada@example.org"))
    assert duplicates(await checked(deps, rows_read("ada@example.org", first_row=3))) == {3: "2"}
    restarted = Deps(store=Store(pool), publisher=KeptMessages())
    assert duplicates(await checked(restarted, rows_read("ada@example.org", first_row=4))) == {4: "2"}


async def test_imports_know_nothing_of_each_others_emails(deps: Deps) -> None:
    mixed = [row_read(row=2), row_read(row=2, import_id=OTHER_IMPORT), row_read(row=3, import_id=OTHER_IMPORT)]
    records = await checked(deps, mixed)
    assert [len(record.problems) for record in records] == [0, 0, 1]


async def test_a_lost_lower_row_that_comes_later_does_not_take_the_place_of_the_first_told(deps: Deps) -> None:
    await checked(deps, rows_read("ada@example.org", first_row=9))
    assert duplicates(await checked(deps, rows_read("ada@example.org", first_row=2))) == {2: "9"}
    assert duplicates(await checked(deps, rows_read("ada@example.org", first_row=9))) == {}


async def test_rows_without_an_address_are_never_duplicates_of_each_other(deps: Deps, pool: asyncpg.Pool) -> None:
    assert duplicates(await checked(deps, rows_read("", "", "ada@", "ada@"))) == {}
    assert await pool.fetchval("select count(*) from seen") == 0


async def test_replicas_that_check_the_same_rows_at_once_agree_on_the_first(pool: asyncpg.Pool) -> None:
    emails = [f"person{number % 200}@example.org" for number in range(400)]
    rows = rows_read(*emails)
    replicas = [Deps(store=Store(pool), publisher=KeptMessages()) for _ in range(3)]
    orders = (rows, list(reversed(rows)), rows[200:] + rows[:200])
    await asyncio.gather(*(on_rows_read(batch_of(*order), deps) for order, deps in zip(orders, replicas, strict=True)))
    said = [{record.row: record for record in deps.publisher.take()} for deps in replicas]
    assert said[0] == said[1] == said[2]
    assert sum(record.status is PreImportStatus.READY for record in said[0].values()) == 200


async def test_rows_that_are_none_of_ours_are_rejected_and_the_others_go_on(deps: Deps) -> None:
    rows = rows_read("ada@example.org", "bob@example.org", "cid@example.org", "dot@example.org")
    rows[1].import_id = "not an id"
    rows[2].row = 0
    batch = batch_of(*rows)
    await on_rows_read(batch, deps)
    assert batch.rejected == {1: "event.bad_id", 2: "row.bad_number"}
    assert [record.row for record in deps.publisher.take()] == [2, 5]


async def test_plans_follow_what_is_known_in_the_experience(deps: Deps) -> None:
    facts = Facts()
    tell_result(facts, provisioned("learner@example.org"))
    tell_change(facts, account_changed("account@example.org", present=True))
    tell_change(facts, account_changed("gone@example.org", present=False))
    tell_change(facts, membership_changed("early@example.org", present=True))
    tell_change(facts, membership_changed("left@example.org", present=False))
    tell_change(facts, membership_changed("admin@example.org", present=True, role="administrator"))
    await deps.store.learn(facts)
    names = ("learner", "account", "gone", "early", "left", "admin", "nobody")
    emails = [f"{name}@example.org" for name in names]
    here = {record.email_key.partition("@")[0]: record.plan for record in await checked(deps, rows_read(*emails))}
    assert here == {
        "learner": Plan.NOTHING, "account": Plan.ADD, "gone": Plan.CREATE, "early": Plan.NOTHING, "left": Plan.CREATE,
        "admin": Plan.CREATE, "nobody": Plan.CREATE,
    }  # fmt: skip
    elsewhere = await checked(
        deps, rows_read("learner@example.org", import_id=OTHER_IMPORT, experience_id=OTHER_EXPERIENCE)
    )
    assert [record.plan for record in elsewhere] == [Plan.ADD]


async def test_rows_of_several_experiences_in_one_batch_get_their_own_plans(deps: Deps) -> None:
    facts = Facts()
    tell_result(facts, provisioned("ada@example.org"))
    await deps.store.learn(facts)
    rows = [row_read(experience_id=EXPERIENCE), row_read(experience_id=OTHER_EXPERIENCE, import_id=OTHER_IMPORT)]
    assert [record.plan for record in await checked(deps, rows)] == [Plan.NOTHING, Plan.ADD]
