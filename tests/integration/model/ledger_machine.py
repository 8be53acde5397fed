"""Intake's ledger under everything that can happen to it, step by step beside the model (ledger.py): the real SQL, handlers and
background work."""

import dataclasses

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.intake.consumers import on_records_checked, on_records_provisioned
from services.intake.start_run import start_run
from services.intake.states import ImportStatus as S
from shared.events import Outcome, Plan, PreImportStatus
from shared.kafka.consume import Batch
from shared.topics import APPROVALS, ROWS
from tests.integration.intake.flow.world import checked, provisioned
from tests.integration.model.ledger import AFTER_RUN, MOST_ROWS
from tests.integration.model.ledger_story import Fate, LedgerStory

CHECKS = [(PreImportStatus.ERROR, Plan.NONE)] + [
    (status, plan)
    for status in (PreImportStatus.READY, PreImportStatus.WARNING)
    for plan in (Plan.CREATE, Plan.ADD, Plan.NOTHING)
]


some = st.lists(st.integers(0, 40), min_size=1, max_size=8)
fates = st.lists(st.sampled_from(Fate), max_size=4)
which = st.integers(0, 1)


class LedgerMachine(LedgerStory, RuleBasedStateMachine):
    """Two imports, any number of processes, and a Kafka that may repeat, mix and lose."""

    # What people do

    @initialize(rows=st.integers(1, MOST_ROWS), by_itself=st.booleans())
    def first(self, rows, by_itself):
        self.submit(rows, by_itself, False)

    @precondition(lambda self: len(self.imports) == 1)
    @rule(rows=st.integers(0, MOST_ROWS + 1), by_itself=st.booleans(), elsewhere=st.booleans())
    def second(self, rows, by_itself, elsewhere):
        """Of the same people, into the same experience or another."""
        self.submit(rows, by_itself, elsewhere)

    @rule(which=which)
    def press_run(self, which):
        import_id, model = self.pick(which)
        if model.status is S.READY:
            self.run(start_run(self.deps, import_id, self.world.person))
            model.run()
        else:
            self.run(self.refused(start_run, import_id))

    @rule(which=which)
    def press_cancel(self, which):
        import_id, _ = self.pick(which)
        self.run(self.cancel(import_id))

    # What others answer, again and again, in any order and company

    @precondition(lambda self: self.kafka.out[ROWS.name])
    @rule(picks=some, found=st.sampled_from(CHECKS), others=st.sampled_from(CHECKS))
    def checks_come(self, picks, found, others):
        rows = self.chosen(ROWS, picks)
        events = [
            dataclasses.replace(checked(row), status=status, plan=plan, problems=[])
            for row, (status, plan) in zip(rows, [found] + [others] * len(rows), strict=False)
        ]
        self.run(self.check(events))

    @rule(which=which, row=st.integers(0, MOST_ROWS + 4), found=st.sampled_from(CHECKS))
    def a_stray_check_comes(self, which, row, found):
        """Of a row that the file has or has not, out or not."""
        import_id, _ = self.pick(which)
        if not self.kafka.out[ROWS.name]:
            return
        like = checked(self.kafka.out[ROWS.name][0])
        experience = str(self.experiences()[import_id])
        event = dataclasses.replace(
            like,
            import_id=str(import_id),
            experience_id=experience,
            row=row,
            status=found[0],
            plan=found[1],
            problems=[],
        )
        if row >= 2:
            self.run(self.check([event]))
        else:
            self.run(on_records_checked(Batch([event], [None]), self.deps))

    @precondition(lambda self: self.kafka.out[APPROVALS.name])
    @rule(picks=some, said=st.lists(st.sampled_from(Outcome), min_size=1, max_size=3))
    def results_come(self, picks, said):
        self.run(self.provision(self.chosen(APPROVALS, picks), said))

    @precondition(lambda self: self.kafka.out[APPROVALS.name])
    @rule(which=which, row=st.integers(0, MOST_ROWS + 4))
    def a_result_comes_that_nobody_asked_for(self, which, row):
        import_id, model = self.pick(which)
        like = self.kafka.out[APPROVALS.name][0]
        if row in model.importable & model.out:
            return
        event = dataclasses.replace(
            provisioned(like), import_id=str(import_id), experience_id=str(self.experiences()[import_id]), row=row
        )
        batch = Batch([event], [None])
        self.run(on_records_provisioned(batch, self.deps))
        assert bool(batch.rejected) == (model.status in AFTER_RUN)

    # What intake's processes do

    @rule(fates=fates)
    def a_process_works(self, fates):
        due = {id_ for id_, model in self.imports.items() if model.needs_work} - self.leased
        assert self.work(fates) == due

    @rule(which=which, fates=fates)
    def a_process_repairs(self, which, fates):
        """Nothing moved for long."""
        import_id, model = self.pick(which)
        self.leases_end()
        if not model.waits_for_answers:
            return
        self.run(self.world.nothing_moved_for_long(import_id))
        due = {id_ for id_, other in self.imports.items() if other.needs_work} | {import_id}
        model.repair()
        assert self.work(fates) == due

    @rule()
    def leases_end(self):
        self.run(self.world.pool.execute("update imports set lease_until = now() - interval '1 s'"))
        self.leased.clear()

    @rule(fate=st.sampled_from([Fate.ARRIVES, Fate.LOST, Fate.UNACKNOWLEDGED]))
    def the_outbox_is_relayed(self, fate):
        self.fates = iter([fate])
        self.run(self.relay())

    # What must be true after every step

    @invariant()
    def the_ledger_says_what_the_model_says(self):
        for import_id, model in self.imports.items():
            row = self.run(self.world.row(import_id))
            assert (row["status"], model.tries) == (model.status, row["tries"])
            assert {name: row[name] for name in model.counters()} == model.counters()
            outcomes = self.run(self.outcomes(import_id))
            assert outcomes == model.outcomes

    @invariant()
    def every_turn_is_told_once_and_in_order(self):
        told = self.run(self.told())
        for import_id, model in self.imports.items():
            assert [str(event.type) for event in told.values() if event.import_id == str(import_id)] == model.told

    @invariant()
    def nothing_is_left_behind(self):
        """What a process says that it has published is out."""
        out = {
            topic: {(event.import_id, event.row) for event in self.kafka.out[topic.name]} for topic in (ROWS, APPROVALS)
        }
        for import_id, model in self.imports.items():
            if model.read:
                assert {(str(import_id), row) for row in model.rows} <= out[ROWS]
            if model.handed_over:
                assert {(str(import_id), row) for row in model.out} <= out[APPROVALS]
                assert model.status in AFTER_RUN
                assert model.importable == model.out | {r for r, what in model.outcomes.items() if what == "skipped"}

    def teardown(self):
        """No import hangs, even if nobody ever answers again what is all out."""
        for _ in range(8):
            for number, (import_id, model) in enumerate(list(self.imports.items())):
                self.leases_end()
                if model.needs_work:
                    self.answer_all(str(import_id))
                self.a_process_works([])
                self.a_process_repairs(number, [])
                if model.status is S.READY:
                    self.press_run(number)
                self.the_ledger_says_what_the_model_says()
        for model in self.imports.values():
            assert model.status in {S.FINISHED, S.CANCELLED, S.REJECTED}
            if model.status is S.FINISHED:
                assert len(model.rows) == len(model.outcomes) + len(model.records) - len(model.importable)
