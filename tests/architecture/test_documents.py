"""The documents say what the code does: generated pages are current, and README's way of one row names real functions."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
PLACE = re.compile(r"`((?:services|shared|cli)/[\w/]+\.py):(\w+)`")

spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs" / "generate.py")
assert spec
assert spec.loader
generate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generate)


@pytest.mark.parametrize("name", generate.DOCUMENTS)
def test_generated_documents_are_current(name: str) -> None:
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == generate.DOCUMENTS[name](), "run `python docs/generate.py`"


@pytest.mark.parametrize("document", ["README.md", "docs/data-flow.md"])
def test_the_way_of_one_row_names_functions_that_exist(document: str) -> None:
    places = PLACE.findall((ROOT / document).read_text(encoding="utf-8"))
    assert len(places) >= 9
    for file, function in places:
        names = {
            n.name
            for n in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8")))
            if isinstance(n, ast.AsyncFunctionDef | ast.FunctionDef | ast.ClassDef)
        }
        assert function in names, f"{file} has no {function}"


def test_the_tests_that_the_threat_model_names_exist() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "security.md").read_text(encoding="utf-8")))
    there = {
        name
        for file in ROOT.glob("tests/**/test_*.py")
        for name in re.findall(r"def (test_\w+)", file.read_text("utf-8"))
    }
    assert len(named) >= 50
    assert named - there == set()


@pytest.mark.parametrize(
    "document", sorted(str(p.relative_to(ROOT)) for p in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
)
def test_links_between_documents_lead_somewhere(document: str) -> None:
    page = ROOT / document
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{document} links to {target}"
