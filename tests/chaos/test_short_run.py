"""Each fault once while imports run, on a real system; then lies are planted in it, and the oracle names them."""

import json
import shutil
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer

from tests.stack.cluster import Cluster, running_cluster

from .faults import Fault, Strike
from .oracle import Wrong, violations
from .run import BUILDS, Told, break_and_judge
from .seen import look

SEED = 2026
_ORDER = (
    (Fault.SCALE, "provisioner", ""), (Fault.KILL, "intake", ""), (Fault.CUT, "notifier", "inbox"),
    (Fault.KILL, "provisioner", ""), (Fault.FREEZE, "validator", ""), (Fault.KILL, "kafka", ""),
    (Fault.CUT, "provisioner", "postgres"), (Fault.KILL, "notifier", ""), (Fault.HANG, "provisioner", "kafka"),
    (Fault.KILL, "postgres", ""), (Fault.RESTART, "intake", ""), (Fault.REFUSE, "validator", "kafka"),
    (Fault.KILL, "inbox", ""), (Fault.SLOW, "intake", "postgres"), (Fault.KILL, "validator", ""),
)  # fmt: skip
STRIKES = [
    Strike(pause=1.5, fault=fault, target=target, server=server, seconds=2.0, chance=0.9)
    for fault, target, server in _ORDER
]


async def test_nothing_is_lost_doubled_or_hanging_and_a_lie_would_be_found(tmp_path: Path) -> None:
    async with running_cluster(tmp_path, builds=BUILDS) as cluster:
        told = await break_and_judge(cluster, STRIKES, seed=SEED, rows=1_500)
        assert [violation.sentence for violation in told.violations] == []
        assert sum(1 for one in told.struck if one.hit) >= len(STRIKES) // 2  # else nothing was put to the test
        assert any(found["status"] == "finished" for found in told.seen.imports.values())
        await plant_lies(cluster, told)
        experiences = {one.experience for one in told.asked}
        seen = await look(cluster.stack, [one.id for one in told.asked], experiences)
        found = violations(told.asked, seen)
    assert {Wrong.LOST, Wrong.DOUBLED, Wrong.UNTRUE} <= {violation.wrong for violation in found}
    text = "\n".join(violation.sentence for violation in found)
    for lie in ("has no record", "has 2 finish mails", "has 2 ImportCompleted with ids of their own"):
        assert lie in text


async def plant_lies(cluster: Cluster, told: Told) -> None:
    """A doubled mail, a second end of an import, and records that are gone."""
    mailed = {mail.import_id for mail in told.seen.mails if mail.kind == "finish"}  # not all, if some are doubtful
    finished = next(one for one in told.asked if one.id in mailed)
    double_finish_mail(Path(cluster.stack["inbox"]), finished.id)
    await tell_end_again(cluster, finished.id)
    connection = await asyncpg.connect(cluster.database("intake"))
    await connection.execute("delete from records where import_id = $1", finished.id)
    await connection.close()


def double_finish_mail(inbox: Path, import_id: str) -> None:
    named = f"<finish.{import_id}".encode()
    mail = next(mail for mail in sorted(inbox.glob("[!.]*.eml")) if named in mail.read_bytes())
    shutil.copy(mail, mail.with_name(f"{mail.stem}-again.eml"))


async def tell_end_again(cluster: Cluster, import_id: str) -> None:
    event: dict[str, Any] = {"id": "a second id", "type": "ImportCompleted", "import_id": import_id}
    producer = AIOKafkaProducer(bootstrap_servers=cluster.stack["kafka"])
    await producer.start()
    try:
        await producer.send_and_wait("imports.lifecycle", json.dumps(event).encode(), key=import_id.encode())
    finally:
        await producer.stop()


def test_the_short_run_kills_each_part_and_does_everything_to_connections() -> None:
    killed = {strike.target for strike in STRIKES if strike.fault is Fault.KILL}
    assert killed == {"intake", "validator", "provisioner", "notifier", "kafka", "postgres", "inbox"}
    done = {strike.fault for strike in STRIKES if strike.server}
    assert done == {Fault.CUT, Fault.SLOW, Fault.REFUSE, Fault.HANG}
