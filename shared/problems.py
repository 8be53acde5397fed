"""The problem codes: one table of levels and sentences. The page, the API, the CSV and docs/problems.md read this one."""

from dataclasses import dataclass

from shared.events import Level, Problem


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A code with its level and its sentence; `{name}` in the sentence is filled from the problem's params."""

    code: str
    level: Level
    sentence: str
    rejects_file: bool = False


def _kinds() -> tuple[ProblemKind, ...]:
    error, warning = Level.ERROR, Level.WARNING
    return (
        ProblemKind("email.missing", error, "There is no email in this row; add one, because it is how a learner is known."),
        ProblemKind("email.invalid", error, "“{value}” is not an email address that mail can be sent to; correct it."),
        ProblemKind("email.duplicate", error, "This email is already in row {row}; keep one of the two rows."),
        ProblemKind("value.too_long", error, "{field} has {length} characters; shorten it to {limit} or fewer."),
        ProblemKind("value.control_characters", error, "{field} has characters that cannot be shown; type the value anew."),
        ProblemKind("value.not_readable", error, "Some characters of this row cannot be read as {encoding}; type them anew, or save the file as UTF-8."),
        ProblemKind("row.too_many_cells", error, "This row has {cells} cells but there are {columns} headers; remove the extra ones."),
        ProblemKind("row.unclosed_quote", error, "A quotation mark in this row is not closed properly; close or remove it."),
        ProblemKind("row.too_long", error, "This row has more than {limit} characters and was cut; shorten it."),
        ProblemKind("email.domain_suspicious", warning, "Is “{domain}” right? It looks like “{suggestion}”; correct the email if so."),
        ProblemKind("value.trimmed", warning, "Stray or invisible characters were removed from {field}; check the value."),
        ProblemKind("name.looks_like_email", warning, "{field} holds an email address; check that the columns are not mixed up."),
        ProblemKind("person.erased", warning, "What was known of this person has been erased; only the row and its outcome are kept."),
        ProblemKind("file.empty", error, "The file is empty; choose a file with a header line and one learner per line.", True),
        ProblemKind("file.no_rows", error, "The file has headers but no learners; add one learner per line.", True),
        ProblemKind("file.too_large", error, "The file is larger than {limit}; split it into smaller files.", True),
        ProblemKind("file.too_many_rows", error, "The file has more than {limit} rows; split it into smaller files.", True),
        ProblemKind("file.not_supported", error, "This is {found}; save your table as CSV or .xlsx and upload that.", True),
        ProblemKind("file.not_readable", error, "The file cannot be read ({reason}); open it, save it anew and upload that.", True),
        ProblemKind("file.encoding_guessed", warning, "The file is not UTF-8 and was read as Windows-1252; check names with accents."),
        ProblemKind("header.missing_column", error, "There is no column “{column}”; add it or rename the right one. Found: {found}.", True),
        ProblemKind("header.duplicate_column", error, "The columns {columns} all mean “{column}”; keep one of them.", True),
        ProblemKind("provision.refused", error, "The directory did not accept this record: {reason}."),
        ProblemKind("provision.data_refused", error, "The directory could not store this record's values; check them for unusual characters."),
        ProblemKind("internal.no_answer", error, "This record got no answer after {tries} tries; import its row again."),
    )  # fmt: skip


KINDS = {kind.code: kind for kind in _kinds()}


def problem(code: str, field: str = "", **params: str | int) -> Problem:
    """A problem of a known code, its sentence filled in. `field` is the field's name or ""."""
    kind = KINDS[code]
    texts = {name: str(value) for name, value in params.items()}
    shown = {"field": FIELD_LABELS.get(field, field or "A value"), **texts}
    return Problem(code=code, level=kind.level, message=kind.sentence.format_map(shown), field=field, params=texts)


FIELD_LABELS = {"email": "Email", "first_name": "First Name", "last_name": "Last Name"}
