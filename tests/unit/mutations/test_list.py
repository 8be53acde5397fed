"""The list of mutations fits the code as it is: `make mutations` would break what it says and run tests that there are."""

import ast

import pytest

from tests.mutations.mutation import CHECKOUT, Mutation, mutated, read_mutations

LISTED = read_mutations()


def names_in(file: str) -> set[str]:
    """As pytest names them: `name`, or `Class::name`."""
    body = ast.parse((CHECKOUT / file).read_text(encoding="utf-8")).body
    classes = {node.name: node.body for node in body if isinstance(node, ast.ClassDef)}
    found = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return found | {
        f"{name}::{node.name}" for name, inner in classes.items() for node in inner if hasattr(node, "name")
    }


@pytest.mark.parametrize("mutation", LISTED.mutations, ids=lambda mutation: mutation.name)
def test_every_mutation_applies_and_names_tests_that_there_are(mutation: Mutation) -> None:
    assert mutated(mutation, CHECKOUT) != (CHECKOUT / mutation.file).read_text(encoding="utf-8")
    assert mutation.caught_by
    for test in mutation.caught_by:
        file, _, name = test.partition("::")
        assert name in names_in(file)


def test_every_rule_is_broken_and_every_name_is_used_once() -> None:
    assert {mutation.rule for mutation in LISTED.mutations} == set(LISTED.rules)
    names = [mutation.name for mutation in LISTED.mutations]
    assert len(set(names)) == len(names)
