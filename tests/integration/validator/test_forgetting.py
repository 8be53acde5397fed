"""What becomes of an import's emails when it is over for us."""

import asyncpg
import pytest

from services.validator.consumers import OVER, Deps, on_imports_changed, on_rows_read
from shared.events import EmailPolicy, ImportChanged, LifecycleType
from tests.unit.validator.builders import EXPERIENCE, IMPORT, OTHER_IMPORT, batch_of, rows_read


def import_changed(type_: LifecycleType, import_id: str = IMPORT) -> ImportChanged:
    return ImportChanged(
        id=f"{import_id}/{type_}", type=type_, at="2025-01-02T00:00:00+00:00", import_id=import_id,
        import_type="experience-learners", experience_id=EXPERIENCE, experience_name="Biology", file_name="learners.csv",
        emails=EmailPolicy.SEND, submitted_by="admin@example.org",
    )  # fmt: skip


async def seen_imports(pool: asyncpg.Pool) -> list[str]:
    return [str(record[0]) for record in await pool.fetch("select distinct import_id from seen order by 1")]


@pytest.mark.parametrize("type_", sorted(OVER))
async def test_an_import_that_is_over_is_forgotten_and_no_other(
    type_: LifecycleType, deps: Deps, pool: asyncpg.Pool
) -> None:
    await on_rows_read(batch_of(*rows_read("ada@example.org", "bob@example.org")), deps)
    await on_rows_read(batch_of(*rows_read("ada@example.org", import_id=OTHER_IMPORT)), deps)
    for _ in range(2):
        await on_imports_changed(batch_of(import_changed(type_)), deps)
        assert await seen_imports(pool) == [OTHER_IMPORT]


@pytest.mark.parametrize("type_", sorted(set(LifecycleType) - OVER))
async def test_other_turns_forget_nothing(type_: LifecycleType, deps: Deps, pool: asyncpg.Pool) -> None:
    await on_rows_read(batch_of(*rows_read("ada@example.org")), deps)
    await on_imports_changed(batch_of(import_changed(type_)), deps)
    assert await seen_imports(pool) == [IMPORT]


async def test_rows_that_come_after_the_end_are_answered_but_not_remembered(deps: Deps, pool: asyncpg.Pool) -> None:
    await on_imports_changed(batch_of(import_changed(LifecycleType.CANCELLED)), deps)
    await on_rows_read(batch_of(*rows_read("ada@example.org", "ada@example.org")), deps)
    assert [len(record.problems) for record in deps.publisher.take()] == [0, 1]
    assert await seen_imports(pool) == []


async def test_a_turn_of_no_import_is_rejected_and_the_others_count(deps: Deps, pool: asyncpg.Pool) -> None:
    await on_rows_read(batch_of(*rows_read("ada@example.org")), deps)
    batch = batch_of(import_changed(LifecycleType.READY, "x"), import_changed(LifecycleType.READY))
    await on_imports_changed(batch, deps)
    assert batch.rejected == {0: "event.bad_id"}
    assert await seen_imports(pool) == []
