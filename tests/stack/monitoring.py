"""What deploy/monitoring says: alerts, queries of the dashboard, and the names and labels that they use."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser as promql
import yaml

MONITORING = Path(__file__).parents[2] / "deploy" / "monitoring"
RULES = MONITORING / "rules" / "rollcall.yml"
DASHBOARD = MONITORING / "grafana" / "dashboards" / "rollcall.json"
_OF_PROMETHEUS = {"up", "ALERTS"}  # series that Prometheus makes itself
_OF_TARGETS = {"job", "instance"}  # labels that Prometheus puts on


@dataclass(frozen=True, slots=True)
class Used:
    """A metric and the labels that a query expects of it."""

    metric: str
    labels: frozenset[str]


def alerts() -> list[dict[str, Any]]:
    """The rules as they are written."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard_queries() -> list[str]:
    """The queries of all panels."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


def used_by(query: str) -> set[Used]:
    """The metrics of a query, each with the labels that it is selected or grouped by; Prometheus's own are left out."""
    return {use for use in _walk(promql.parse(query), frozenset()) if use.metric not in _OF_PROMETHEUS}


def _walk(node: Any, grouped: frozenset[str]) -> Iterator[Used]:
    match node:
        case promql.VectorSelector():
            selected = {matcher.name for matcher in node.matchers.matchers}
            yield Used(node.name, frozenset(selected | grouped) - _OF_TARGETS)
        case promql.MatrixSelector():
            yield from _walk(node.vector_selector, grouped)
        case promql.AggregateExpr():
            labels = frozenset(node.modifier.labels) if node.modifier else frozenset[str]()
            yield from _walk(node.expr, grouped | labels)
        case promql.BinaryExpr():
            yield from _walk(node.lhs, grouped)
            yield from _walk(node.rhs, grouped)
        case promql.Call():
            for argument in node.args:
                yield from _walk(argument, grouped)
        case promql.ParenExpr() | promql.SubqueryExpr() | promql.UnaryExpr():
            yield from _walk(node.expr, grouped)
        case promql.NumberLiteral() | promql.StringLiteral():
            return
        case _:
            raise TypeError(f"a part of PromQL that this test does not know: {type(node).__name__}")
