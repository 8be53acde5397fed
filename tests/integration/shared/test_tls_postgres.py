"""A database as managed ones are: over TLS, and only to the server that can prove who it is."""

from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from shared.postgres import pool as pool_module
from shared.postgres.pool import check_database, open_database
from shared.settings import ServiceSettings
from tests.stack.certificates import Authority
from tests.stack.tls_postgres import PASSWORD, TlsPostgres

pytestmark = pytest.mark.usefixtures("goodbyes")

VALIDATOR = Path(__file__).parents[3] / "services" / "validator"
Wrong = Callable[[TlsPostgres, Path], str]


async def test_a_service_migrates_and_works_over_tls(tls_database: TlsPostgres) -> None:
    settings = ServiceSettings(database_url=tls_database.address("validator"))
    async with open_database(settings, VALIDATOR) as pool:
        await check_database(pool)
        assert await pool.fetchval("select ssl from pg_stat_ssl where pid = pg_backend_pid()")
        assert await pool.fetchval("select count(*) from migrations") > 0


async def test_without_a_file_the_systems_authorities_count(
    tls_database: TlsPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "WAIT_SECONDS", 0.0)
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = ServiceSettings(database_url=tls_database.address("validator").partition("&")[0])
    with capture_logs() as logs, pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        async with open_database(settings, VALIDATOR):
            pass
    assert "its certificate is not trusted" in str(logs)
    monkeypatch.setenv("SSL_CERT_FILE", str(tls_database.ca_file))  # what the system believes
    async with open_database(settings, VALIDATOR) as pool:
        assert await pool.fetchval("select ssl from pg_stat_ssl where pid = pg_backend_pid()")


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        (
            lambda postgres, folder: postgres.address("validator", Authority(folder, "another").ca_file),
            OSError,
            "its certificate is not trusted (unable to get local issuer certificate); look at sslrootcert",
        ),
        (
            lambda postgres, _: postgres.address("validator").replace("127.0.0.1", "localhost"),
            OSError,
            "its certificate is not trusted (Hostname mismatch, certificate is not valid for 'localhost'.)",
        ),
        (
            lambda postgres, _: postgres.address("validator").replace(PASSWORD, "wrong-password"),
            asyncpg.InvalidPasswordError,
            'password authentication failed for user "validator"',
        ),
        (
            lambda postgres, _: postgres.address("validator").replace("/validator?", "/nowhere?"),
            asyncpg.InvalidCatalogNameError,
            'database "nowhere" does not exist',
        ),
    ],
    ids=["authority", "host name", "password", "database"],
)
async def test_what_is_wrong_is_said_with_what_to_do(
    tls_database: TlsPostgres,
    wrong: Wrong,
    error: type[Exception],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool_module, "WAIT_SECONDS", 0.0)
    settings = ServiceSettings(database_url=wrong(tls_database, tmp_path))
    with capture_logs() as logs, pytest.raises(error):
        async with open_database(settings, VALIDATOR):
            pass
    assert said in str(logs[-1]["detail"])
    assert "password-" not in str(logs).replace("password authentication", "")
