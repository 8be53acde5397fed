"""The version stands in four places, and is the same in all."""

import tomllib
from pathlib import Path

import yaml
from prometheus_client import REGISTRY

import shared.metrics
from shared.version import VERSION

ROOT = Path(__file__).parents[2]


def test_the_package_the_chart_and_the_changelog_name_the_version_of_the_code() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == VERSION
    assert yaml.safe_load((ROOT / "deploy/kubernetes/rollcall/Chart.yaml").read_text("utf-8"))["appVersion"] == VERSION
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert next(line for line in changelog.splitlines() if line.startswith("## ")).split()[1] == VERSION


def test_metrics_tell_the_version() -> None:
    assert shared.metrics.BUILD
    assert REGISTRY.get_sample_value("rollcall_build_info", {"version": VERSION}) == 1
