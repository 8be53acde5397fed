"""What a rule is: a pure function of one field, as read and as interpreted, that finds a problem or none."""

from collections.abc import Callable
from typing import NamedTuple

from shared.events import Problem

Rule = Callable[[str, str, str], Problem | None]  # field name, text as read, value as interpreted


class FieldRules(NamedTuple):
    """How one field is interpreted and judged.

    `plain` is a shortcut for the ordinary text: the value if interpretation and rules surely find nothing to say, else
    None. The shortcut and the rules must agree on every text (tests/unit/validator)."""

    field: str
    plain: Callable[[str], str | None]
    interpret: Callable[[str], str]
    rules: tuple[Rule, ...]
