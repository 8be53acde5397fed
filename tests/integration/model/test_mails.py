"""The notifier's queue beside a simple model, in stories that Hypothesis makes up: facts told in any order and number, senders
that die, pause and come back, and a mail server that takes, refuses, or says nothing."""

import asyncio
from collections import Counter
from datetime import timedelta
from functools import partial
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.notifier.consumers import Deps, on_imports_changed, on_records_provisioned
from services.notifier.mails import MailStatus as M
from services.notifier.mails import Settlement
from services.notifier.store import Store
from shared.events import EmailPolicy, LifecycleType
from shared.kafka.consume import Batch
from tests.integration.model.stories import STORIES
from tests.unit.notifier.builders import changed, provisioned

SENDERS = 2
LEASE = timedelta(hours=1)
accounts = st.lists(st.integers(1, 4), min_size=1, max_size=6)
senders = st.integers(0, SENDERS - 1)
picks = st.integers(0, 20)


class MailMachine(RuleBasedStateMachine):
    """One import's mails, and two processes that send them."""

    def __init__(self, runner, pool):
        super().__init__()
        self.go, self.pool, self.store = runner.run, pool, Store(pool)
        self.deps = Deps(store=self.store, publisher=None, queued=asyncio.Event())
        self.import_id = str(uuid4())
        self.senders = [uuid4() for _ in range(SENDERS)]
        self.known = self.released = False
        self.mails: dict[str, M] = {}
        self.hands: list[dict[str, bool]] = [{} for _ in range(SENDERS)]  # mail id -> is being handed over
        self.owner: dict[str, int] = {}  # who claimed it last
        self.arrived: Counter[str] = Counter()
        self.failed_before: dict[int, set[str]] = {}  # resend -> what it meant when it was told first
        self.go(pool.execute("truncate emails, imports, resends"))

    @initialize(policy=st.sampled_from(EmailPolicy))
    def an_import(self, policy):
        self.policy = policy

    def entry(self):
        """Where a welcome mail that is told now begins."""
        if not self.known:
            return M.WAITING
        policy = EmailPolicy.SEND if self.released and self.policy is EmailPolicy.HOLD else self.policy
        return {EmailPolicy.SEND: M.QUEUED, EmailPolicy.HOLD: M.HELD, EmailPolicy.NONE: None}[policy]

    @rule(told=accounts)
    def accounts_are_created(self, told):
        """Told again and again, in one batch or in several."""
        events = [provisioned(account, account + 1, import_id=self.import_id) for account in told]
        self.go(on_records_provisioned(Batch(events, [None] * len(events)), self.deps))
        if status := self.entry():
            for account in told:
                self.mails.setdefault(f"welcome.{account}.{self.import_id}", status)

    @rule(turns=st.lists(st.sampled_from([LifecycleType.STARTED, LifecycleType.COMPLETED]), min_size=1, max_size=3))
    def the_import_turns(self, turns):
        self.tell(*(changed(turn, self.import_id, emails=self.policy) for turn in turns))
        if LifecycleType.COMPLETED in turns:
            self.mails.setdefault(f"finish.{self.import_id}", M.QUEUED)

    @precondition(lambda self: self.policy is EmailPolicy.HOLD)
    @rule()
    def mails_are_released(self):
        self.released = True
        self.tell(changed(LifecycleType.EMAILS_RELEASED, self.import_id, emails=self.policy))

    def tell(self, *events):
        self.go(on_imports_changed(Batch(list(events), [None] * len(events)), self.deps))
        self.known = True
        begin = self.entry()
        for mail, status in list(self.mails.items()):
            if status in (M.WAITING, M.HELD):
                if begin is None:
                    del self.mails[mail]
                else:
                    self.mails[mail] = begin

    @rule(time=st.integers(1, 3))
    def failed_mails_are_asked_for_again(self, time):
        """The same event again means what had failed when it came first."""
        event = changed(LifecycleType.EMAILS_RESENT, self.import_id, id=f"{self.import_id}/ImportEmailsResent/{time}")
        failed = {m for m, status in self.mails.items() if status is M.FAILED and m.startswith("welcome")}
        meant = self.failed_before.setdefault(time, failed)
        self.go(on_imports_changed(Batch([event], [None]), self.deps))
        for mail in failed & meant:
            self.mails[mail] = M.QUEUED
        for earlier in self.failed_before.values():
            earlier -= failed & meant

    @rule(sender=senders)
    def a_sender_claims(self, sender):
        claimed = {mail.id for mail in self.go(self.store.claim(self.senders[sender], most=50, lease=LEASE))}
        assert claimed == {mail for mail, status in self.mails.items() if status is M.QUEUED}
        for mail in claimed:
            self.mails[mail], self.owner[mail] = M.CLAIMED, sender
            self.hands[sender].setdefault(mail, False)

    @precondition(lambda self: any(self.hands))
    @rule(sender=senders, pick=picks)
    def a_sender_starts(self, sender, pick):
        """Perhaps long after its lease ended."""
        waiting = sorted(mail for mail, sending in self.hands[sender].items() if not sending)
        if not waiting:
            return
        mail = waiting[pick % len(waiting)]
        is_ours = self.owner[mail] == sender and self.mails[mail] is M.CLAIMED
        assert self.go(self.store.start_sending(mail, self.senders[sender])) == is_ours
        if is_ours:
            self.mails[mail], self.hands[sender][mail] = M.SENDING, True
        else:
            del self.hands[sender][mail]

    @rule(
        sender=senders, pick=picks, answer=st.sampled_from([M.SENT, M.FAILED, M.QUEUED, M.DOUBTFUL]), dies=st.booleans()
    )
    def the_mail_server_answers(self, sender, pick, answer, dies):
        """And the sender writes it down, or dies before it does."""
        sending = sorted(mail for mail, is_sending in self.hands[sender].items() if is_sending)
        if not sending:
            return
        mail = sending[pick % len(sending)]
        self.arrived[mail] += answer in (M.SENT, M.DOUBTFUL)
        if dies:
            self.hands[sender] = {}
            self.senders[sender] = uuid4()
            return
        del self.hands[sender][mail]
        self.go(self.store.settle([Settlement(mail, answer)], self.senders[sender]))
        if self.owner[mail] == sender and self.mails[mail] in (M.SENDING, M.DOUBTFUL):
            self.mails[mail] = answer
            for earlier in self.failed_before.values():
                earlier.discard(mail)

    @rule(sender=senders)
    def a_sender_stops(self, sender):
        self.go(self.store.give_back(self.senders[sender]))
        for mail, owner in self.owner.items():
            if owner == sender and self.mails[mail] is M.CLAIMED and mail in self.hands[sender]:
                self.mails[mail] = M.QUEUED
        self.hands[sender], self.senders[sender] = {}, uuid4()

    @rule()
    def leases_end(self):
        self.go(self.pool.execute("update emails set lease_until = now() - interval '1 s'"))
        self.go(self.store.take_back())
        back = {M.CLAIMED: M.QUEUED, M.SENDING: M.DOUBTFUL}
        self.mails = {mail: back.get(status, status) for mail, status in self.mails.items()}

    @invariant()
    def the_queue_is_what_the_model_says(self):
        found = self.go(self.pool.fetch("select id, status from emails"))
        assert {row["id"]: row["status"] for row in found} == self.mails

    @invariant()
    def no_mail_arrives_twice(self):
        assert not [mail for mail, times in self.arrived.items() if times > 1]

    @invariant()
    def what_arrived_is_sent_or_doubtful_or_in_a_hand(self):
        assert {self.mails[mail] for mail in self.arrived if self.arrived[mail]} <= {M.SENT, M.DOUBTFUL, M.SENDING}


@pytest.fixture
def pool(runner, new_database):
    pool = runner.run(_open(new_database("notifier")))
    yield pool
    pool.terminate()


async def _open(address):
    return await asyncpg.create_pool(address, min_size=1, max_size=2)


def test_the_queue_is_what_the_model_says(runner, pool):
    run_state_machine_as_test(partial(MailMachine, runner, pool), settings=STORIES)
