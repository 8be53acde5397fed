"""Habits that a machine can hold: one recipe for all services, docstrings, no personal data in logs, no long tail."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("intake", "validator", "provisioner", "notifier")
RECIPE = ("__init__.py", "__main__.py", "app.py", "settings.py", "consumers.py", "migrations", "sql")
CODE = sorted(p for top in ("services", "shared", "cli", "bench") for p in (ROOT / top).rglob("*.py"))
PERSONAL = {"email", "email_key", "first_name", "last_name", "values", "cells", "to", "recipient", "name"}
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
LONGEST_FILE, LONGEST_FUNCTION = 300, 50  # lines


def _id(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_follows_one_recipe(service: str) -> None:
    missing = [name for name in RECIPE if not (ROOT / "services" / service / name).exists()]
    assert not missing


@pytest.mark.parametrize("path", CODE, ids=_id)
def test_every_module_says_what_it_is_for_in_at_most_four_lines(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, "no module docstring"
    assert len(docstring.splitlines()) <= 4


@pytest.mark.parametrize("path", CODE, ids=_id)
def test_no_log_line_names_personal_data(path: Path) -> None:
    for call in (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)):
        if (
            isinstance(call.func, ast.Attribute)
            and call.func.attr in LOG_METHODS
            and ast.unparse(call.func.value) == "log"
        ):
            assert not {keyword.arg for keyword in call.keywords} & PERSONAL, f"line {call.lineno}"


@pytest.mark.parametrize("path", CODE, ids=_id)
def test_there_is_no_long_tail(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= LONGEST_FILE
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno
            assert length <= LONGEST_FUNCTION, f"{node.name} has {length} lines"
