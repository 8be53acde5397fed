"""A Postgres as managed ones are: it talks TLS, with a certificate of an authority of its own. The server that the local stack has
was built without, so the same version comes from Maven, as Kafka does."""

import fcntl
import os
import platform
import tarfile
import tempfile
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cli.local.kafka import cache_folder
from cli.local.other_user import reachable_data
from cli.local.part import Part
from cli.local.ports import HOST
from cli.local.postgres import admin_dsn, make_databases, postgres_part
from cli.local.supervisor import Supervisor
from tests.stack.certificates import Authority
from tests.stack.proxy import quiet_port

PASSWORD = "a-password-that-nobody-may-read"
SERVICES = ("intake", "validator", "provisioner", "notifier")
_VERSION = "18.6.0"
_MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64v8", "arm64": "arm64v8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsPostgres:
    """Where each service's database is, and who signed the server's certificate."""

    databases: dict[str, str]
    ca_file: Path

    def address(self, service: str, ca_file: Path | None = None) -> str:
        """As a service is told, by whoever takes TLS seriously."""
        return f"{self.databases[service]}?sslmode=verify-full&sslrootcert={ca_file or self.ca_file}"


@asynccontextmanager
async def tls_postgres() -> AsyncIterator[TlsPostgres]:
    """The server, in a folder of its own: it may have to run as somebody else than we do."""
    supervisor, port = Supervisor(on_change=lambda: None), quiet_port()
    with tempfile.TemporaryDirectory(prefix="rollcall-tls-") as name:
        folder = Path(name)
        os.chmod(folder, 0o755)  # noqa: S103 - whoever Postgres runs as must get in
        authority = Authority(folder)
        try:
            await supervisor.add(_part(folder, authority, port))
            databases = await make_databases(admin_dsn(port, PASSWORD), dict.fromkeys(SERVICES, PASSWORD))
            yield TlsPostgres(databases=databases, ca_file=authority.ca_file)
        finally:
            await supervisor.stop([["postgres"]])


def _part(folder: Path, authority: Authority, port: int) -> Part:
    certificate, key = authority.certificate([HOST])
    part = postgres_part(folder / "postgres", port=port, password=PASSWORD, log=folder / "postgres.log")
    if part.user is not None:
        os.chown(key, part.user, part.user)
    options = ("ssl=on", f"ssl_cert_file={certificate}", f"ssl_key_file={key}")
    return replace(part, command=[_program(), *part.command[1:], *(f"-c{option}" for option in options)])


def _program() -> Path:
    """Kept for all checkouts of this user; fetched by one process at a time, and complete or not there at all."""
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "postgres-tls.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        place = reachable_data(cache / "postgres-tls") / _VERSION
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            _fetch(place)
    return place / "bin" / "postgres"


def _fetch(place: Path) -> None:
    from jgo.maven import MavenContext  # here: a large import that only the first start needs

    name = f"embedded-postgres-binaries-{platform.system().lower()}-{_MACHINES[platform.machine()]}"
    with tempfile.TemporaryDirectory(dir=place.parent) as draft:
        maven = MavenContext(repo_cache=Path(draft) / "maven", timeout=60)
        jar = maven.create_dependency(f"io.zonky.test.postgres:{name}:{_VERSION}").artifact.resolve()
        with zipfile.ZipFile(jar) as archive:
            (packed,) = (member for member in archive.namelist() if member.endswith(".txz"))
            archive.extract(packed, draft)
        with tarfile.open(Path(draft) / packed) as programs:
            programs.extraction_filter = getattr(tarfile, "data_filter", None)  # the oldest 3.11 have none
            programs.extractall(Path(draft) / "programs")  # noqa: S202 - as filtered as it can be
        (Path(draft) / "programs").rename(place)
