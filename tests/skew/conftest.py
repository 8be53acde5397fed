"""The last release, once for all tests that run beside it."""

from pathlib import Path

import pytest

from .last_release import unpack


@pytest.fixture(scope="session")
def last_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with its code."""
    return unpack(tmp_path_factory.mktemp("last-release"))
