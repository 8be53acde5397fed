"""A real Kafka and a real Postgres for a test session, from the first that there is: the environment, Docker, this machine."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

KAFKA, POSTGRES = "ROLLCALL_TEST_KAFKA", "ROLLCALL_TEST_POSTGRES"  # environment variables
CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the servers answer; the Postgres address is that of a superuser."""

    kafka: str
    postgres: str


@contextmanager
def servers() -> Iterator[Servers]:
    """The servers, which end with the block unless the environment named them."""
    if KAFKA in os.environ and POSTGRES in os.environ:
        yield Servers(kafka=os.environ[KAFKA], postgres=os.environ[POSTGRES])
    elif docker_answers():
        from tests.stack.containers import containers

        with containers() as started:
            yield started
    else:
        with local_servers() as started:
            yield started


def docker_answers() -> bool:
    """A Docker engine is there for us."""
    address = urlsplit(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))
    if address.scheme == "unix" and not _listens(address.path):
        return False  # without asking docker's client, which leaves its socket open when it cannot connect
    with suppress(Exception):  # not installed, not running, not allowed: all the same here
        import docker

        client = docker.from_env(timeout=5)
        try:
            return bool(client.ping())
        finally:
            client.close()
    return False


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
        probe.connect(path)
        return True
    return False


@contextmanager
def local_servers() -> Iterator[Servers]:
    """Processes of this machine, without Docker; another process starts them, and ends them when we are gone."""
    with tempfile.TemporaryDirectory(prefix="rollcall-tests-") as home:
        Path(home).chmod(0o755)  # Postgres may have to run as somebody else than we do
        with subprocess.Popen(
            [sys.executable, "-m", "tests.stack.local_servers", home],
            cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert process.stdin is not None
            assert process.stdout is not None
            answer = process.stdout.readline()
            if not answer:
                raise RuntimeError(
                    f"Kafka and Postgres did not start: exit code {process.wait()}, see its output above"
                )
            yield Servers(**json.loads(answer))
            process.stdin.close()  # tells it to stop
            process.wait(120)
