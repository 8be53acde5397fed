"""A connection that is cut in the middle of an answer is a database that is away, wherever one is waited for."""

import asyncpg
import pytest

from services.intake import watch_imports
from services.intake.records import index_words
from services.intake.upload import sweep_files
from services.intake.work import claim_work
from services.notifier import store
from shared.postgres import away, outbox

Kinds = tuple[type[BaseException], ...]


@pytest.mark.parametrize(
    "waited_for",
    [away.DATABASE_AWAY, away.DATABASE_TROUBLE, claim_work.DATABASE_TROUBLE, index_words.DATABASE_TROUBLE,
     watch_imports.DATABASE_TROUBLE, outbox.OUTBOX_AWAY, store.DATABASE_AWAY, sweep_files.AWAY],
)  # fmt: skip
@pytest.mark.parametrize(
    "met",
    [asyncpg.InternalClientError, asyncpg.ConnectionDoesNotExistError, asyncpg.InvalidCachedStatementError,
     asyncpg.CannotConnectNowError, asyncpg.DeadlockDetectedError, ConnectionResetError, TimeoutError],
)  # fmt: skip
def test_what_passes_by_itself_is_waited_for(waited_for: Kinds, met: type[BaseException]) -> None:
    assert issubclass(met, waited_for)
