"""The story that ledger_machine.py tells: two imports, the processes that work on them, and a Kafka that is played. Each act is
done to the product and to the model."""

import asyncio
import dataclasses
from collections import defaultdict
from contextlib import suppress
from enum import Enum
from uuid import UUID, uuid4

from services.intake.consumers import on_records_checked, on_records_provisioned
from services.intake.flow_queries import queries
from services.intake.start_run import RunRefused, cancel_import
from services.intake.states import ImportStatus as S
from services.intake.states import RunMoment
from services.intake.work.claim_work import work_on
from services.intake.work.held_import import HeldImport, NotOursError, Progress
from shared.events import Codec, Outcome
from shared.kafka.consume import Batch
from shared.postgres.outbox import _relay_all
from shared.topics import APPROVALS, LIFECYCLE, ROWS
from tests.integration.intake.flow.world import World, checked, csv, provisioned
from tests.integration.model.ledger import ModelImport


class Fate(Enum):
    """What happens when a process publishes a batch."""

    ARRIVES = "it arrives and is acknowledged"
    ANSWERED = "all that is out is answered before it is acknowledged"
    CANCELLED = "somebody presses Cancel before it is acknowledged"
    ROBBED = "the process was paused for so long that another has its imports"
    UNACKNOWLEDGED = "it arrives, and the process is killed"
    LOST = "the process is killed before it arrives"


class Killed(BaseException):
    """The process ends here."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImpatientImport(HeldImport):
    """Belongs to a process that is killed when it would have to wait for answers."""

    waits: list[str]

    async def progress(self, expected: str | None = None) -> Progress:
        if expected:
            self.waits.append(expected)
            if len(self.waits) % 2 == 0:
                raise Killed
        return await HeldImport.progress(self, expected)


class PlayedKafka:
    """Keeps what is published; asks the machine what happens meanwhile."""

    def __init__(self, meanwhile):
        self.out = defaultdict(list)
        self._meanwhile = meanwhile

    async def publish(self, topic, messages):
        decode = Codec(topic.event).decode
        await self._meanwhile(topic, [decode(message.value) for message in messages])


class LedgerStory:
    """What is there, what can be done, and what can be seen."""

    def __init__(self, runner: asyncio.Runner, world: World):
        super().__init__()
        self.run, self.world = runner.run, world
        self.kafka = PlayedKafka(self.meanwhile)
        self.deps = dataclasses.replace(world.deps, publisher=self.kafka)
        self.imports: dict[UUID, ModelImport] = {}
        self.words: dict[tuple[str, int], Outcome] = {}  # what the provisioner said of a record, and always will
        self.leased: set[UUID] = set()  # to processes that are gone
        self.fates = iter(())
        self.run(self.forget_the_last_story())

    async def forget_the_last_story(self):
        await self.world.pool.execute("update imports set status = 'cancelled', lease_owner = null")
        await self.world.pool.execute("delete from outbox")

    # What is done

    def submit(self, rows, by_itself, elsewhere):
        moment = RunMoment.WHEN_CLEAN if by_itself else RunMoment.AFTER_REVIEW
        experience = self.world.other_experience if elsewhere else self.world.experience
        new = {"id": uuid4(), "run": moment, "experience_id": experience, "idempotency_key": str(uuid4())}
        for _ in range(2):
            assert self.run(self.world.submit(csv(rows), **new)) == new["id"]
        self.imports[new["id"]] = ModelImport(frozenset(range(2, rows + 2)), by_itself)

    async def cancel(self, import_id):
        model = self.imports[import_id]
        if model.status in (S.SUBMITTED, S.PREPROCESSING, S.READY, S.RUNNING):
            await cancel_import(self.deps, import_id, self.world.person)
            model.cancel()
        else:
            await self.refused(cancel_import, import_id)

    async def refused(self, button, import_id):
        with suppress(RunRefused):
            await button(self.deps, import_id, self.world.person)
            raise AssertionError("it was not refused")

    async def check(self, events):
        await on_records_checked(Batch(events, [None] * len(events)), self.deps)
        for event in events:
            self.imports[UUID(event.import_id)].check(event.row, event.status, event.plan)
        self.settle()

    async def provision(self, approvals, said=(Outcome.CREATED,)):
        for place, approval in enumerate(approvals):
            self.words.setdefault((approval.import_id, approval.row), said[place % len(said)])
        events = [provisioned(a, outcome=self.words[a.import_id, a.row]) for a in approvals]
        await on_records_provisioned(Batch(events, [None] * len(events)), self.deps)
        for event in events:
            self.imports[UUID(event.import_id)].provision(event.row, event.outcome)
        self.settle()

    def answer_all(self, import_id):
        """So that the window is not full."""
        rows, approvals = ([e for e in self.kafka.out[t.name] if e.import_id == import_id] for t in (ROWS, APPROVALS))
        self.run(self.check([checked(row) for row in rows]))
        self.run(self.provision(approvals))

    async def relay(self):
        with suppress(Killed):
            async with self.world.pool.acquire() as connection:
                await _relay_all(connection, self.kafka)

    def work(self, fates):
        """One process takes what is due and works on it, one import after the other; returns which those were."""
        self.fates = iter(fates)
        owner = uuid4().hex
        claimed = self.run(self.claim(owner))
        for import_id in claimed:
            self.leased.add(import_id)
            held = ImpatientImport(deps=self.deps, id=import_id, owner=owner, waits=[])
            with suppress(Killed, NotOursError):
                self.run(work_on(held))
                self.run(held.release())
                self.leased.discard(import_id)
                self.imports[import_id].work()
        return set(claimed)

    async def claim(self, owner):
        wanted = {"owner": owner, "lease_seconds": 3600.0, "repair_after_seconds": 600.0, "most": 64, "held": []}
        return [row["id"] async for row in queries.claim_imports(self.world.pool, **wanted)]

    async def meanwhile(self, topic, events):
        """A process publishes."""
        fate = next(self.fates, Fate.ARRIVES)
        if topic is not LIFECYCLE:
            self.note_published(topic, events)
        if fate is Fate.LOST:
            raise Killed
        self.kafka.out[topic.name] += events
        if fate is Fate.UNACKNOWLEDGED:
            raise Killed
        if topic is LIFECYCLE:
            return
        if fate is Fate.ROBBED:
            await self.world.pool.execute("update imports set lease_owner = 'another' where lease_owner is not null")
        if fate is Fate.CANCELLED:
            await self.cancel(UUID(events[0].import_id))
        if fate is Fate.ANSWERED:
            await (self.provision(events) if topic is APPROVALS else self.check([checked(row) for row in events]))

    def note_published(self, topic, events):
        model = self.imports[UUID(events[0].import_id)]
        if model.status is S.SUBMITTED:
            model.status = S.PREPROCESSING
        if topic is APPROVALS:
            model.read_all()  # by the same process, for an import that runs by itself
            model.out |= {event.row for event in events}
            assert not model.out & {row for row, what in model.outcomes.items() if what == "skipped"} - self.said(model)

    def said(self, model):
        import_id = str(next(id_ for id_, other in self.imports.items() if other is model))
        return {row for asked, row in self.words if asked == import_id}

    # Looking

    def pick(self, which):
        return list(self.imports.items())[which % len(self.imports)]

    def chosen(self, topic, picks):
        events = self.kafka.out[topic.name]
        return [events[pick % len(events)] for pick in picks]

    def settle(self):
        for model in self.imports.values():
            model.settle()

    def experiences(self):
        found = self.run(self.world.pool.fetch("select id, experience_id from imports"))
        return {row["id"]: row["experience_id"] for row in found}

    async def outcomes(self, import_id):
        found = await self.world.pool.fetch("select row, outcome from record_results where import_id = $1", import_id)
        return {row["row"]: row["outcome"] for row in found}

    async def told(self):
        """By event id, in the order in which each was told first: those that are out, then those still in the outbox."""
        decode = Codec(LIFECYCLE.event).decode
        waiting = await self.world.pool.fetch("select value from outbox order by id")
        events = [*self.kafka.out[LIFECYCLE.name], *(decode(row["value"]) for row in waiting)]
        told = {}
        for event in events:
            told.setdefault(event.id, event)
        return told
