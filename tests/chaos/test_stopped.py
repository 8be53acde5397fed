"""Each service is stopped for much longer than repair waits for an answer, and started again: the others go on meanwhile,
and all is made up for."""

from pathlib import Path

from tests.stack.cluster import SERVICES, Build, running_cluster

from .faults import Fault, Strike
from .run import BUILDS, break_and_judge

REPAIR = {"ROLLCALL_REPAIR_AFTER_SECONDS": "1"}  # with three tries, a row is given up after four seconds of silence
STOPPED_SECONDS = 12.0
STRIKES = [
    Strike(pause=4.0, fault=Fault.STOP, target=service, seconds=STOPPED_SECONDS)
    for service in ("validator", "provisioner", "notifier", "intake")
]


async def test_a_service_that_was_stopped_makes_up_for_all_of_it(tmp_path: Path) -> None:
    assert {strike.target for strike in STRIKES} == set(SERVICES)
    builds = {"intake": Build(environment={**BUILDS["intake"].environment, **REPAIR})}
    async with running_cluster(tmp_path, builds=builds) as cluster:
        told = await break_and_judge(cluster, STRIKES, seed=9, rows=1_500)
    assert [violation.sentence for violation in told.violations] == []
    assert any(found["status"] == "finished" for found in told.seen.imports.values())
