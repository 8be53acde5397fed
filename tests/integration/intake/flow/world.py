"""Intake with a real Postgres and real files, and a Kafka that a test plays: what is published is noted, answers are
given by hand."""

import asyncio
import dataclasses
import hashlib
import json
import time
from collections import defaultdict
from uuid import UUID, uuid4

from services.intake.consumers import on_emails_settled, on_records_checked, on_records_provisioned
from services.intake.deps import Deps
from services.intake.flow_queries import queries
from services.intake.start_run import start_run
from services.intake.upload.submit_import import NewImport, submit_import
from services.intake.users.people import create_experience, ensure_user
from services.intake.work.held_import import HeldImport
from shared.events import (
    Codec,
    EmailPolicy,
    Outcome,
    Plan,
    PreImportStatus,
    RecordApproved,
    RecordChecked,
    RecordProvisioned,
    RowRead,
)
from shared.kafka.consume import Batch
from shared.problems import problem
from shared.topics import APPROVALS, LIFECYCLE, ROWS
from tests.integration.intake.answers import ALL_ANSWERED

AT = "2026-03-01T10:00:00+00:00"


class PlayedKafka:
    """Notes what is published. `stop_after`: from then on nothing is acknowledged, as when the process is killed."""

    def __init__(self):
        self.messages = defaultdict(list)
        self.batches = defaultdict(list)
        self.stop_after = None  # batches
        self.stopped = asyncio.Event()
        self._seen = defaultdict(int)

    async def publish(self, topic, messages):
        if self.stop_after is not None and len(self.batches[topic.name]) >= self.stop_after:
            self.stopped.set()
            await asyncio.Event().wait()
        self.messages[topic.name] += messages
        self.batches[topic.name].append(len(messages))

    def all(self, topic):
        decode = Codec(topic.event).decode
        return [decode(message.value) for message in self.messages[topic.name]]

    def new(self, topic):
        """What was published since the last look."""
        events = self.all(topic)
        seen, self._seen[topic.name] = self._seen[topic.name], len(events)
        return events[seen:]


class World:
    """One intake process and what goes on around it."""

    def __init__(self, pool, file_store, settings):
        self.kafka = PlayedKafka()
        self.deps = Deps(pool=pool, publisher=self.kafka, file_store=file_store, settings=settings, **ALL_ANSWERED)
        self.pool = pool
        self.person = ""
        self.experience = None

    async def begin(self):
        self.person = await ensure_user(self.pool, "Ada@school.edu")
        self.experience = await create_experience(self.pool, "Biology", self.person)
        return self

    def replica(self, **settings):
        """Another process on the same database and files."""
        changed = self.deps.settings.model_copy(update=settings)
        other = World(self.pool, self.deps.file_store, changed)
        other.person, other.experience = self.person, self.experience
        return other

    async def submit(self, content, **differences):
        """Upload a file as the API does; returns the import's id."""
        content = content if isinstance(content, bytes) else content.encode()
        new = NewImport(
            id=uuid4(), experience_id=self.experience, type="experience-learners", emails=EmailPolicy.SEND,
            idempotency_key=None, file_name="learners.csv", file_size=len(content),
            file_sha256=hashlib.sha256(content).hexdigest(), file_path=f"{uuid4()}.csv", submitted_by=self.person,
        )  # fmt: skip
        new = dataclasses.replace(new, **differences)

        async def chunks():
            yield content

        await self.deps.file_store.save(new.file_path, chunks())
        return await submit_import(self.deps, new)

    async def row(self, import_id):
        return await self.pool.fetchrow("select * from imports where id = $1", import_id)

    async def status(self, import_id):
        return await self.pool.fetchval("select status from imports where id = $1", import_id)

    async def told(self, import_id):
        """The types of the lifecycle events, in order."""
        decode = Codec(LIFECYCLE.event).decode
        events = [decode(row["value"]) for row in await self.pool.fetch("select value from outbox order by id")]
        return [str(event.type) for event in events if event.import_id == str(import_id)]

    async def last_told(self):
        return Codec(LIFECYCLE.event).decode(
            await self.pool.fetchval("select value from outbox order by id desc limit 1")
        )

    async def claim(self, import_id, owner="one"):
        """Take a lease as a process does that finds work; None when there is nothing to do or another holds it."""
        repair_after = self.deps.settings.repair_after_seconds
        claimed = queries.claim_imports(
            self.pool, owner=owner, lease_seconds=600.0, repair_after_seconds=repair_after, most=64, held=[]
        )
        ids = [row["id"] async for row in claimed]
        return HeldImport(deps=self.deps, id=import_id, owner=owner) if import_id in ids else None

    async def check(self, rows):
        """The validator's answers arrive."""
        batch = Batch([checked(row) for row in rows], [None] * len(rows))
        await on_records_checked(batch, self.deps)
        return batch

    async def provision(self, approvals, **differences):
        """The provisioner's answers arrive."""
        batch = Batch([provisioned(approval, **differences) for approval in approvals], [None] * len(approvals))
        await on_records_provisioned(batch, self.deps)
        return batch

    async def settle_emails(self, events):
        batch = Batch(events, [None] * len(events))
        await on_emails_settled(batch, self.deps)
        return batch

    async def ready(self, content):
        """An import that waits for Run. Needs a worker."""
        import_id = await self.submit(content)
        await eventually(lambda: self.answered(import_id, "ready", ROWS))
        return import_id

    async def finished(self, content):
        """An import that was run. Needs a worker."""
        import_id = await self.ready(content)
        await start_run(self.deps, import_id, self.person)
        await eventually(lambda: self.answered(import_id, "finished", APPROVALS))
        return import_id

    async def answered(self, import_id, status, topic):
        if new := self.kafka.new(topic):
            await (self.check(new) if topic is ROWS else self.provision(new))
        return await self.status(import_id) == status

    async def nothing_moved_for_long(self, import_id):
        await self.pool.execute("update imports set moved_at = now() - interval '1 hour' where id = $1", import_id)
        self.deps.wake.set()

    async def lease_ends(self, import_id):
        await self.pool.execute("update imports set lease_until = now() - interval '1 s' where id = $1", import_id)
        self.deps.wake.set()


async def eventually(condition, seconds=90.0):
    """Wait until something holds (an async condition or a plain one); fails when it never does."""
    deadline = time.monotonic() + seconds
    while True:
        holds = condition()
        if asyncio.iscoroutine(holds):
            holds = await holds
        if holds:
            return
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.01)


def csv(count, *, start=0):
    """A file of learners; every tenth has no email, every seventh is looked at twice."""
    lines = ["Email,First Name,Last Name"]
    for number in range(start, start + count):
        email = "" if number % 10 == 9 else f"person{number}@example.edu"
        lines.append(f"{email},{'Twice' if number % 7 == 6 else 'Ann'},Lee{number}")
    return "\n".join(lines) + "\n"


def checked(row: RowRead) -> RecordChecked:
    """What a validator says."""
    email, first, last = (row.cells[row.columns[name]] for name in ("email", "first_name", "last_name"))
    problems = [problem("email.missing", "email")] if not email else []
    problems += [problem("value.trimmed", "first_name")] if first == "Twice" else []
    status = PreImportStatus.ERROR if not email else PreImportStatus.WARNING if problems else PreImportStatus.READY
    plan = Plan.NONE if not email else (Plan.CREATE, Plan.ADD, Plan.NOTHING)[row.row % 3]
    return RecordChecked(
        import_id=row.import_id, experience_id=row.experience_id, row=row.row, email_key=row.email_key,
        cells=row.cells, values={"email": email, "first_name": first, "last_name": last}, status=status, plan=plan,
        problems=problems,
    )  # fmt: skip


def provisioned(approval: RecordApproved, **differences) -> RecordProvisioned:
    """What a provisioner says when the plan comes true."""
    outcome = {Plan.CREATE: Outcome.CREATED, Plan.ADD: Outcome.ADDED, Plan.NOTHING: Outcome.UNCHANGED}[approval.plan]
    event = RecordProvisioned(
        import_id=approval.import_id, experience_id=approval.experience_id, row=approval.row,
        email_key=approval.email_key, values=approval.values, plan=approval.plan, outcome=outcome, at=AT,
        account_id=approval.row,
    )  # fmt: skip
    return dataclasses.replace(event, **differences)


def adds_up(row):
    """The rule of counts: every row is somewhere, once."""
    outcomes = ("created", "added", "unchanged", "failed", "skipped")
    return (
        row["ready"] + row["warning"] + row["error"] == row["checked"] == row["rows"]
        and row["plan_create"] + row["plan_add"] + row["plan_nothing"] == row["ready"] + row["warning"]
        and sum(row[name] for name in outcomes) == row["provisioned"]
        and row["provisioned"] + row["error"] == row["rows"]
    )


async def ledger(pool, import_id: UUID):
    """All that the ledger holds about an import, to compare."""
    records = await pool.fetch("select * from records where import_id = $1 order by row", import_id)
    problems = await pool.fetch("select code, row from record_problems where import_id = $1 order by 1, 2", import_id)
    results = await pool.fetch("select * from record_results where import_id = $1 order by row", import_id)
    counters = await pool.fetchrow(
        "select status, rows, checked, provisioned, ready, warning, error, plan_create, plan_add, plan_nothing,"
        " created, added, unchanged, failed, skipped from imports where id = $1",
        import_id,
    )
    tables = ([tuple(row)[1:] for row in rows] for rows in (records, results))
    return *tables, [tuple(row) for row in problems], dict(counters)


def codes(text):
    """The codes of problems as stored."""
    return [problem["code"] for problem in json.loads(text)] if text else []
