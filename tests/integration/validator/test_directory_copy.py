"""What the validator learns of the directory, on a real database."""

import dataclasses
import itertools

import asyncpg
import pytest

from services.validator.consumers import Deps, on_directory_changed, on_records_provisioned
from shared.events import Outcome
from tests.unit.validator.builders import EXPERIENCE, account_changed, batch_of, membership_changed, provisioned

ADA, BOB = "ada@example.org", "bob@example.org"
EARLY, NOON, LATE = (f"2025-01-02T{hour:02}:00:00+00:00" for hour in (6, 12, 18))


async def known(pool: asyncpg.Pool) -> tuple[list[asyncpg.Record], list[asyncpg.Record]]:
    return (
        await pool.fetch("select * from known_accounts order by email_key"),
        await pool.fetch("select * from known_memberships order by experience_id, email_key"),
    )


async def test_results_and_changes_are_learned(deps: Deps) -> None:
    results = batch_of(provisioned(ADA), provisioned(BOB, Outcome.FAILED))
    await on_records_provisioned(results, deps)
    await on_directory_changed(batch_of(account_changed(BOB, present=True)), deps)
    people = await deps.store.people(EXPERIENCE, [ADA, BOB])
    assert (people.accounts, people.learners) == ({ADA, BOB}, {ADA})


async def test_batches_delivered_again_change_nothing(deps: Deps, pool: asyncpg.Pool) -> None:
    results = batch_of(provisioned(ADA), provisioned(BOB, Outcome.ADDED), provisioned(ADA, Outcome.UNCHANGED))
    changes = batch_of(membership_changed(ADA, present=False, at=LATE), account_changed(BOB, present=False, at=LATE))
    for _ in range(2):
        await on_records_provisioned(results, deps)
        await on_directory_changed(changes, deps)
        first = await known(pool)
    await on_records_provisioned(results, deps)
    await on_directory_changed(changes, deps)
    assert await known(pool) == first
    assert [record["present"] for record in first[0]] == [True, False]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_the_newest_fact_wins_whatever_comes_last(deps: Deps, order: tuple[int, ...]) -> None:
    batches = (
        (on_records_provisioned, provisioned(ADA, at=EARLY)),
        (on_directory_changed, membership_changed(ADA, present=False, at=NOON)),
        (on_records_provisioned, provisioned(ADA, Outcome.ADDED, at=LATE)),
    )
    for turn in order:
        handle, event = batches[turn]
        await handle(batch_of(event), deps)
    assert (await deps.store.people(EXPERIENCE, [ADA])).learners == {ADA}


async def test_an_account_that_goes_takes_its_memberships_along_until_there_are_newer_ones(deps: Deps) -> None:
    await on_records_provisioned(batch_of(provisioned(ADA, at=EARLY)), deps)
    await on_directory_changed(batch_of(account_changed(ADA, present=False, at=NOON)), deps)
    people = await deps.store.people(EXPERIENCE, [ADA])
    assert (people.accounts, people.learners) == (set(), set())
    await on_records_provisioned(batch_of(provisioned(ADA, at=LATE)), deps)
    people = await deps.store.people(EXPERIENCE, [ADA])
    assert (people.accounts, people.learners) == ({ADA}, {ADA})


async def test_facts_without_sense_are_rejected_and_the_others_learned(deps: Deps) -> None:
    events = [provisioned(ADA), provisioned("cid@example.org"), provisioned("dot@example.org"), provisioned(BOB)]
    events[1] = dataclasses.replace(events[1], at="soon")
    events[2] = dataclasses.replace(events[2], email_key="d\0t@example.org")
    batch = batch_of(*events)
    await on_records_provisioned(batch, deps)
    assert batch.rejected == {1: "event.bad_time", 2: "event.bad_email_key"}
    assert (await deps.store.people(EXPERIENCE, [ADA, BOB])).learners == {ADA, BOB}
