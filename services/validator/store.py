"""The validator's tables: emails seen per import, and the copy of the directory. One method per need of a batch."""

from collections.abc import Sequence
from pathlib import Path

import aiosql
import asyncpg

from services.validator.duplicates import Candidate, Seen, first_rows
from services.validator.facts import Fact, Facts, Membership
from services.validator.plan import People

Connection = asyncpg.pool.PoolConnectionProxy

QUERIES = aiosql.from_path(Path(__file__).parent / "sql", "asyncpg")
FORGET_SECONDS = 600.0  # a million emails take some


class Store:
    """Answers on a pool of connections. Each method is one transaction, done or not done."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def first_rows(self, candidates: Sequence[Candidate]) -> list[int]:
        """For each candidate the row of its import that had the email first; the new ones are remembered.

        The plain COPY is half the price. It fails when another process noted one of the emails meanwhile."""
        async with self._pool.acquire() as connection:
            try:
                async with connection.transaction():
                    return await remember_by_copy(connection, candidates)
            except asyncpg.UniqueViolationError:
                async with connection.transaction():
                    return await remember_by_insert(connection, candidates)

    async def people(self, experience_id: str, email_keys: Sequence[str]) -> People:
        """Who of these people is known, as of now."""
        people = People()
        async with self._pool.acquire() as connection:
            known = QUERIES.known_people(connection, experience_id=experience_id, email_keys=email_keys)
            async for email_key, learner in known:
                (people.learners if learner else people.accounts).add(email_key)
        return people

    async def learn(self, facts: Facts) -> None:
        """Take in what is newer than what is known. The COPY fails when another process learned of one meanwhile."""
        async with self._pool.acquire() as connection:
            try:
                async with connection.transaction():
                    await learn_by_copy(connection, facts)
            except asyncpg.UniqueViolationError:
                async with connection.transaction():
                    await learn_by_insert(connection, facts.accounts, facts.memberships)

    async def forget(self, import_ids: Sequence[str]) -> None:
        """Let go of the emails of imports that are over, and remember no new ones of them."""
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.mark_forgotten(connection, import_ids=import_ids)
            await connection.execute(f"set local statement_timeout = {int(FORGET_SECONDS * 1000)}")
            await QUERIES.forget_emails(connection, import_ids=import_ids)


async def remember_by_copy(connection: Connection, candidates: Sequence[Candidate]) -> list[int]:
    """The cheap way of `Store.first_rows`. UniqueViolationError: take the other."""
    winners, new = first_rows(candidates, await _seen(connection, candidates))
    new = await _wanted(connection, new)
    if new:
        await connection.copy_records_to_table("seen", records=sorted(new), columns=("import_id", "key", "row"))
    return winners


async def remember_by_insert(connection: Connection, candidates: Sequence[Candidate]) -> list[int]:
    """The way of `Store.first_rows` that bears company: insert what is not there, then look who is."""
    _, new = first_rows(candidates, await _seen(connection, candidates))
    new = await _wanted(connection, new)
    if new:
        import_ids, keys, rows = zip(*new, strict=True)
        await QUERIES.remember_if_new(connection, import_ids=import_ids, keys=keys, rows=rows)
    winners, _ = first_rows(candidates, await _seen(connection, candidates))
    return winners


async def _seen(connection: Connection, candidates: Sequence[Candidate]) -> Seen:
    keys: dict[str, list[bytes]] = {}
    for import_id, key, _ in candidates:
        keys.setdefault(import_id, []).append(key)
    seen: Seen = {}
    for import_id, wanted in keys.items():  # mostly one import: files are read one window after the other
        rows = QUERIES.seen_rows(connection, import_id=import_id, keys=wanted)
        seen[import_id] = {key: row async for key, row in rows}
    return seen


async def _wanted(connection: Connection, new: list[Candidate]) -> list[Candidate]:
    import_ids = list({candidate.import_id for candidate in new})
    forgotten = {row["import_id"] async for row in QUERIES.forgotten(connection, import_ids=import_ids)}
    return [candidate for candidate in new if candidate.import_id not in forgotten] if forgotten else new


async def learn_by_copy(connection: Connection, facts: Facts) -> None:
    """The cheap way of `Store.learn`: COPY what was never known, insert over what is older. UniqueViolationError: the other."""
    known = await _known(connection, facts)
    new_accounts = [(key, not fact.gone, fact.at) for key, fact in facts.accounts.items() if key not in known.accounts]
    new_memberships = [
        (*place, not fact.gone, fact.at) for place, fact in facts.memberships.items() if place not in known.memberships
    ]
    if new_accounts:
        await connection.copy_records_to_table(
            "known_accounts", records=sorted(new_accounts), columns=("email_key", "present", "changed_at")
        )
    if new_memberships:
        await connection.copy_records_to_table(
            "known_memberships", records=sorted(new_memberships),
            columns=("experience_id", "email_key", "present", "changed_at"),
        )  # fmt: skip
    await learn_by_insert(
        connection,
        {key: facts.accounts[key] for key, fact in known.accounts.items() if facts.accounts[key] > fact},
        {
            place: facts.memberships[place]
            for place, fact in known.memberships.items()
            if facts.memberships[place] > fact
        },
    )


async def learn_by_insert(
    connection: Connection, accounts: dict[str, Fact], memberships: dict[Membership, Fact]
) -> None:
    """The way of `Store.learn` that bears company: the database keeps the newest."""
    if accounts:
        await QUERIES.learn_accounts(
            connection, email_keys=list(accounts), present=[not fact.gone for fact in accounts.values()],
            changed_at=[fact.at for fact in accounts.values()],
        )  # fmt: skip
    if memberships:
        experience_ids, email_keys = zip(*memberships, strict=True)
        await QUERIES.learn_memberships(
            connection, experience_ids=experience_ids, email_keys=email_keys,
            present=[not fact.gone for fact in memberships.values()],
            changed_at=[fact.at for fact in memberships.values()],
        )  # fmt: skip


async def _known(connection: Connection, facts: Facts) -> Facts:
    known = Facts()
    async for key, present, at in QUERIES.account_facts(connection, email_keys=list(facts.accounts)):
        known.accounts[key] = Fact(at, not present)
    email_keys: dict[str, list[str]] = {}
    for experience_id, key in facts.memberships:
        email_keys.setdefault(experience_id, []).append(key)
    for experience_id, keys in email_keys.items():
        rows = QUERIES.membership_facts(connection, experience_id=experience_id, email_keys=keys)
        async for key, present, at in rows:
            known.memberships[experience_id, key] = Fact(at, not present)
    return known
