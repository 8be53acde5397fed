"""Who has no browser and cannot get one is told what to do."""

from pathlib import Path

import pytest

from tests.system.pages import chromium


def test_a_browser_of_the_system_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = tmp_path / "chromium"
    browser.write_text("#!/bin/sh\n")
    browser.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chromium.find_chromium() == str(browser)


def test_without_any_the_test_fails_and_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(chromium.sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(RuntimeError, match="apt-get install chromium"):
        chromium.find_chromium()
