"""Alert rules do what they say, the dashboard can be drawn, and each alert has its section in docs/operations.md."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from services.intake import settings as intake
from shared import metrics
from shared.settings import ServiceSettings
from shared.topics import CONSUMERS
from tests.stack.monitoring import MONITORING, alerts, dashboard_queries, used_by
from tests.stack.promtool import find_promtool

METRICS = [metric for metric in vars(metrics).values() if isinstance(metric, MetricWrapperBase)]
OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"


@pytest.fixture(scope="module")
def promtool() -> str:
    return find_promtool()


def run(promtool: str, *arguments: str | Path) -> None:
    done = subprocess.run(
        [promtool, *map(str, arguments)], cwd=MONITORING, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_its_configuration_and_the_rules(promtool: str) -> None:
    run(promtool, "check", "config", "prometheus.yml")
    run(promtool, "check", "rules", "rules/rollcall.yml")


def test_alerts_fire_for_what_they_are_there_for_and_are_quiet_without_it(promtool: str) -> None:
    run(promtool, "test", "rules", "rules/rollcall_test.yml")


def test_every_alert_is_tested() -> None:
    tests = yaml.safe_load((MONITORING / "rules" / "rollcall_test.yml").read_text(encoding="utf-8"))["tests"]
    fired = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case.get("exp_alerts")}
    assert fired == {alert["alert"] for alert in alerts()}


def test_the_dashboards_queries_are_promql(promtool: str, tmp_path: Path) -> None:
    queries = dashboard_queries()
    rules = [{"record": f"rollcall:panel_{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "dashboard.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    run(promtool, "check", "rules", file)
    assert len(queries) > 20


def test_prometheus_asks_every_service_under_its_name() -> None:
    jobs = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in jobs}
    port = ServiceSettings.model_fields["port"].default
    assert {name: targets[name] for name in CONSUMERS} == {name: [f"{name}:{port}"] for name in CONSUMERS}
    assert intake.Settings.model_fields["port"].default == port


def test_names_and_labels_are_found_wherever_they_stand_in_a_query() -> None:
    query = 'max by (a) (delta(x{b="1"}[5m])) > 0 unless (sum(y) or histogram_quantile(0.5, sum by (le) (rate(z[1m]))))'
    assert {(use.metric, use.labels) for use in used_by(query)} == {
        ("x", frozenset("ab")), ("y", frozenset()), ("z", frozenset({"le"})),
    }  # fmt: skip


def test_the_page_for_operators_names_every_metric_and_no_other() -> None:
    named = set(re.findall(r"`((?:rollcall|kafka)_\w+)`", OPERATIONS.read_text(encoding="utf-8")))
    told = {f"{metric._name}_total" if metric._type == "counter" else metric._name for metric in METRICS}
    assert named == told


def test_every_alert_has_a_section_and_leads_to_it_and_every_section_is_of_an_alert() -> None:
    sections = re.findall(r"^### (Rollcall\w+)$", OPERATIONS.read_text(encoding="utf-8"), re.MULTILINE)
    assert sections == [alert["alert"] for alert in alerts()]
    for alert in alerts():
        assert alert["annotations"]["runbook_url"] == f"docs/operations.md#{alert['alert'].lower()}"
        assert alert["labels"]["severity"] in ("critical", "warning")
