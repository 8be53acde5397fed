"""What a mutation is, and the list of them (mutations.toml)."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("mutations.toml")


class DoesNotApplyError(Exception):
    """The text that a mutation changes is not there exactly once; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One thing that is broken: in `file`, `find` becomes `replace`."""

    rule: int  # of RULES
    name: str
    what: str  # what then goes wrong in the product
    file: str
    find: str
    replace: str
    caught_by: list[str]  # tests, by file::name, each of which must fail


@dataclass(frozen=True, slots=True)
class Mutations:
    """The whole list."""

    rules: dict[int, str]
    mutations: list[Mutation]


def read_mutations() -> Mutations:
    """The list as it stands in the file."""
    content = tomllib.loads(LIST.read_text(encoding="utf-8"))
    rules = {int(number): sentence for number, sentence in content["rules"].items()}
    return Mutations(rules, [Mutation(**entry) for entry in content["mutation"]])


def mutated(mutation: Mutation, checkout: Path) -> str:
    """The file's text with the mutation in it. Raises DoesNotApplyError."""
    text = (checkout / mutation.file).read_text(encoding="utf-8")
    if (found := text.count(mutation.find)) != 1:
        raise DoesNotApplyError(f"{mutation.name}: found {found} times in {mutation.file}")
    return text.replace(mutation.find, mutation.replace)
