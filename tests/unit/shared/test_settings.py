"""Settings that cannot be used are named, and nothing of what the others hold is shown."""

import subprocess
import sys
from pathlib import Path

import pytest

from shared.settings import KafkaSettings, ServiceSettings, WrongSettingsError, read_settings

SECRET = "a-password-that-nobody-may-read"


def test_what_is_missing_or_wrong_is_named_by_its_variable_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLCALL_KAFKA_SECURITY", "TLS")
    monkeypatch.setenv("ROLLCALL_KAFKA_PASSWORD", SECRET)
    monkeypatch.delenv("ROLLCALL_DATABASE_URL", raising=False)
    with pytest.raises(WrongSettingsError) as wrong:
        read_settings(ServiceSettings)
    told = str(wrong.value)
    assert "ROLLCALL_KAFKA_SECURITY: Input should be 'PLAINTEXT', 'SSL'" in told
    assert "ROLLCALL_DATABASE_URL: Field required" in told
    assert SECRET[:4] not in told


@pytest.mark.parametrize("service", ["intake", "validator", "provisioner", "notifier"])
def test_a_service_without_its_settings_ends_in_one_line_without_secrets(service: str) -> None:
    environment = {"PATH": "", "ROLLCALL_KAFKA_PASSWORD": SECRET, "ROLLCALL_DIRECTORY_TOKEN": SECRET}
    ended = subprocess.run(
        [sys.executable, "-m", f"services.{service}"],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"{service} cannot start: ROLLCALL_DATABASE_URL: Field required")
    assert ended.stderr.count("\n") == 1
    assert SECRET[:4] not in ended.stderr + ended.stdout


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_read_is_found_before_anything_starts(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    if content:
        file.write_text(content)
    with pytest.raises(ValueError, match="cannot be read as PEM certificates"):
        KafkaSettings(kafka_ca_file=str(file))
