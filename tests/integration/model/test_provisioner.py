"""The provisioner beside a simple model (directory.py), in stories that Hypothesis makes up: the real handlers and SQL, with
results that are published, lost on their way, and asked for again."""

import json
from functools import partial
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaTimeoutError
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from services.provisioner import directory
from services.provisioner.consumers import Deps, on_imports_changed, on_records_approved
from services.provisioner.directory import Change
from shared.events import EmailPolicy, ImportChanged, LifecycleType
from shared.kafka.consume import Batch
from tests.integration.model.directory import REFUSED, ModelDirectory
from tests.integration.model.stories import STORIES
from tests.unit.provisioner.builders import EXPERIENCE, OTHER_EXPERIENCE, approval

EXPERIENCES = (EXPERIENCE, OTHER_EXPERIENCE)
PEOPLE = ("ada", "grace", "alan")
people = st.sampled_from(PEOPLE)
experiences = st.sampled_from(EXPERIENCES)
records = st.tuples(
    st.integers(0, 2),  # which import
    st.integers(2, 6),  # row
    st.sampled_from((*PEOPLE, "ADA", "")),
    st.sampled_from(("Ann", "Ann", REFUSED)),
)


class PlayedKafka:
    """Keeps the last results; loses them when told to."""

    def __init__(self):
        self.results, self.loses = [], False

    async def publish(self, topic, messages):
        if self.loses:
            raise KafkaTimeoutError
        self.results = [json.loads(message.value) for message in messages]


class ProvisionerMachine(RuleBasedStateMachine):
    """Three imports of the same few people into two experiences, and hands that change the directory."""

    def __init__(self, runner, pool):
        super().__init__()
        self.go, self.pool, self.kafka = runner.run, pool, PlayedKafka()
        self.deps = Deps(pool, self.kafka)
        self.model = ModelDirectory()
        self.story = f"{uuid4().hex[:12]}.example.org"  # each has its own people, so that nothing need be deleted
        self.imports = [str(uuid4()) for _ in range(3)]
        self.approved = {}  # record -> its approval: handed over again, it is the same
        self.words = {}  # record -> what was said of it first
        self.told = 0

    @rule(batch=st.lists(records, min_size=1, max_size=8), lost=st.booleans())
    def records_are_handed_over(self, batch, lost):
        """New ones and known ones, any of them twice; when the results are lost, all of them again."""
        approvals = [self.approval(*record) for record in batch]
        if lost:
            self.kafka.loses = True
            with pytest.raises(KafkaTimeoutError):
                self.hand_over(approvals)
            self.kafka.loses = False
        self.hand_over(approvals)
        assert len(self.kafka.results) == len(approvals)
        for asked, result in zip(approvals, self.kafka.results, strict=True):
            assert (result["import_id"], result["row"]) == (asked.import_id, asked.row)
            assert result["outcome"] == self.model.provision(asked)
            assert self.words.setdefault((asked.import_id, asked.row), result) == result

    @rule(which=st.integers(0, 2))
    def a_run_is_cancelled(self, which):
        event = ImportChanged(
            id=f"{self.imports[which]}/ImportCancelling", type=LifecycleType.CANCELLING, at="2026-01-01T00:00:00+00:00",
            import_id=self.imports[which], import_type="experience-learners", experience_id=EXPERIENCE,
            experience_name="Biology", file_name="a.csv", emails=EmailPolicy.SEND, submitted_by="a@example.edu",
        )  # fmt: skip
        self.go(on_imports_changed(Batch([event], [None]), self.deps))
        self.model.cancelled.add(self.imports[which])

    @rule(person=people)
    def an_account_is_added_by_hand(self, person):
        there = self.key(person) in self.model.accounts
        assert self.change(directory.add_account, self.email(person)) is (Change.NEEDLESS if there else Change.DONE)
        self.model.accounts.add(self.key(person))
        self.told += not there

    @rule(person=people)
    def an_account_is_removed_by_hand(self, person):
        there = self.key(person) in self.model.accounts
        before = len(self.model.learners)
        assert self.change(directory.remove_account, self.email(person)) is (Change.DONE if there else Change.NEEDLESS)
        self.model.remove_account(self.key(person))
        self.told += there + before - len(self.model.learners)

    @rule(person=people, experience=experiences, present=st.booleans())
    def a_membership_is_changed_by_hand(self, person, experience, present):
        place = (experience, self.key(person))
        act = directory.add_membership if present else directory.remove_membership
        change = self.change(act, UUID(experience), self.email(person))
        if self.key(person) not in self.model.accounts:
            assert change is Change.NO_ACCOUNT
        elif (place in self.model.learners) == present:
            assert change is Change.NEEDLESS
        else:
            assert change is Change.DONE
            (self.model.learners.add if present else self.model.learners.remove)(place)
            self.told += 1

    @invariant()
    def the_directory_is_what_the_model_says(self):
        keys = [self.key(person) for person in PEOPLE]
        accounts, learners, told = self.go(self.look(keys))
        assert sorted(accounts) == sorted(self.model.accounts)
        assert sorted(learners) == sorted(self.model.learners)
        assert told == self.told

    async def look(self, keys):
        accounts = await self.pool.fetch("select email_key from accounts where email_key = any($1)", keys)
        learners = await self.pool.fetch(
            "select experience_id::text, email_key from memberships m join accounts a on a.id = m.account_id"
            " where email_key = any($1)", keys,
        )  # fmt: skip
        told = await self.pool.fetchval("select count(*) from outbox where convert_from(key, 'UTF8') ~ $1", self.story)
        return [row[0] for row in accounts], [tuple(row) for row in learners], told

    def hand_over(self, approvals):
        kafka_records = [ConsumerRecord("t", 0, 0, 0, 0, a.email_key.encode(), b"", None, 0, 0, ()) for a in approvals]
        self.go(on_records_approved(Batch(approvals, kafka_records), self.deps))

    def approval(self, which, row, person, first_name):
        import_id = self.imports[which]
        experience = EXPERIENCES[which % 2]  # two into one experience, the third into another
        email = self.email(person) if person else ""
        new = approval(email, row, import_id=import_id, experience_id=experience, first_name=first_name)
        return self.approved.setdefault((import_id, row), new)

    def change(self, act, *arguments):
        async def change():
            async with self.pool.acquire() as connection:
                return await act(connection, *arguments)

        return self.go(change())

    def email(self, person):
        return f"{person}@{self.story}"

    def key(self, person):
        return self.email(person).lower()


@pytest.fixture
def pool(runner, new_database):
    pool = runner.run(_open(new_database("provisioner")))
    yield pool
    pool.terminate()


async def _open(address):
    return await asyncpg.create_pool(address, min_size=1, max_size=2)


def test_the_provisioner_does_what_the_model_does(runner, pool):
    run_state_machine_as_test(partial(ProvisionerMachine, runner, pool), settings=STORIES)
