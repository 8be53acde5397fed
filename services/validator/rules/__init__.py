"""The rules, per import type and field, in the order in which their problems are listed. This list is the specification;
the one rule that needs to know other rows, `email.duplicate`, is in duplicates.py."""

from services.validator.rules import email, name, text
from services.validator.rules.rule import FieldRules

EMAIL = FieldRules(
    field="email",
    plain=email.plain_email,
    interpret=email.interpret_email,
    rules=(
        email.trimmed,
        email.missing,
        email.invalid,
        text.too_long,
        text.control_characters,
        email.domain_suspicious,
    ),
)
FIRST_NAME = FieldRules(
    field="first_name",
    plain=name.plain_name,
    interpret=name.interpret_name,
    rules=(name.trimmed, text.too_long, text.control_characters, name.looks_like_email),
)
LAST_NAME = FIRST_NAME._replace(field="last_name")

RULES: dict[str, tuple[FieldRules, ...]] = {"experience-learners": (EMAIL, FIRST_NAME, LAST_NAME)}
