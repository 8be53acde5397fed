"""Which columns a file has, design §6."""

import dataclasses

import pytest

from services.intake.import_types import EXPERIENCE_LEARNERS, IMPORT_TYPES, ColumnRule, ImportType, template_csv
from services.intake.reading.map_columns import header_key
from services.intake.reading.read_rows import open_source
from tests.unit.intake.reading.builders import opened, rejected_with, rejection, rows_of


def fields(header: str) -> list[str | None]:
    return [column.field for column in opened(f"{header}\na@b.co\n").detected.columns]


def test_the_template_has_exactly_the_headers_of_the_article():
    assert template_csv(EXPERIENCE_LEARNERS) == "Email,First Name,Last Name\r\n"


def test_the_template_with_one_learner_is_read():
    assert rows_of(template_csv(EXPERIENCE_LEARNERS) + "a@b.co,Ada,Lovelace\r\n") == [
        (2, ["a@b.co", "Ada", "Lovelace"])
    ]


def test_columns_may_stand_in_any_order():
    assert opened("Last Name,Email,First Name\nL,a@b.co,F\n").columns == {"last_name": 0, "email": 1, "first_name": 2}


def test_optional_columns_may_be_missing():
    assert opened("Email\na@b.co\n").columns == {"email": 0}


@pytest.mark.parametrize(
    "header",
    ["email", "EMAIL", " Email ", "\ufeffEmail", "E-mail", "e_mail", "E mail", "Em\u200bail", "E\u2011mail", "Email\u00a0", "Ｅｍａｉｌ", "Email:"],
)  # fmt: skip
def test_case_spaces_and_invisible_characters_in_a_header_do_not_count(header):
    assert fields(f"x,{header}") == [None, "email"]


def test_a_line_break_inside_a_quoted_header_does_not_count():
    reader = opened('"E-\nmail","First\r\nName"\na@b.co,Ada\n')
    assert reader.columns == {"email": 0, "first_name": 1}
    assert [row.row for row in reader.rows()] == [2]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ("Email address,Given name,Surname", ["email", "first_name", "last_name"]),
        ("Mail,Forename,Family name", ["email", "first_name", "last_name"]),
        ("E-Mail-Adresse,Vorname,Nachname", ["email", "first_name", "last_name"]),
        ("Email Address [Required],First Name [Required],Last Name (optional)", ["email", "first_name", "last_name"]),
        ("Work Email,Legal First Name,Legal Last Name", ["email", "first_name", "last_name"]),
        ("E-mail 1 - Value,Given Name,Family Name", ["email", "first_name", "last_name"]),
        ("Courriel,Prénom,Nom", ["email", "first_name", "last_name"]),
        ("ADRESSE E-MAIL,PRENOM,NOM DE FAMILLE", ["email", "first_name", "last_name"]),
        ("Correo electrónico,Nombre,Apellidos", ["email", "first_name", "last_name"]),
        ("电子邮件,名,姓", ["email", "first_name", "last_name"]),
        ("メールアドレス,名,姓", ["email", "first_name", "last_name"]),
        ("Электронная почта,Имя,Фамилия", ["email", "first_name", "last_name"]),
        ("البريد الإلكتروني,الاسم الأول,اسم العائلة", ["email", "first_name", "last_name"]),
    ],
)
def test_usual_names_of_columns_are_known(headers, expected):
    assert fields(headers) == expected


def test_a_name_column_that_could_mean_either_name_is_ignored():
    assert fields("Email,Name") == ["email", None]


def test_no_alias_stands_for_two_fields():
    for import_type in IMPORT_TYPES.values():
        keys = {rule.field: {header_key(name) for name in (rule.header, *rule.aliases)} for rule in import_type.columns}
        assert sum(map(len, keys.values())) == len(set().union(*keys.values()))
        assert "" not in set().union(*keys.values())


def test_other_columns_are_ignored_and_listed():
    detected = opened("Email,Group,First Name,\na@b.co,7,Ada,x\n").detected
    assert [(c.header, c.field, c.index) for c in detected.columns] == [
        ("Email", "email", 0),
        ("Group", None, 1),
        ("First Name", "first_name", 2),
        ("", None, 3),
    ]
    assert detected.as_json()["ignored"] == ["Group", ""]


def test_unnamed_and_ignored_columns_may_repeat():
    assert opened("Email,,,Group,Group\na@b.co,,,,\n").columns == {"email": 0}


def test_what_was_detected_can_be_shown():
    assert opened("\ufeffE-mail;Note\na@b.co;x\n").detected.as_json() == {
        "kind": "csv",
        "encoding": "utf-8-bom",
        "delimiter": ";",
        "sheet": "",
        "header_row": 1,
        "columns": [{"header": "E-mail", "field": "email", "index": 0}, {"header": "Note", "field": None, "index": 1}],
        "ignored": ["Note"],
        "is_result_file": False,
    }


def test_a_file_without_the_required_column_is_rejected_and_shows_what_was_found():
    rejected = rejection("Name,Phone\nAda,1\n")
    (problem,) = rejected.problems
    assert problem.code == "header.missing_column"
    assert problem.params == {"column": "Email", "found": "“Name”, “Phone”"}
    assert rejected.first_lines == ["Name,Phone", "Ada,1"]
    assert [column.header for column in rejected.detected.columns] == ["Name", "Phone"]


def test_a_column_that_is_there_twice_through_an_alias_rejects_the_file():
    (problem,) = rejection("Email,E-mail,First Name\na@b.co,c@d.co,Ada\n").problems
    assert problem.code == "header.duplicate_column"
    assert problem.params == {"column": "Email", "columns": "“Email”, “E-mail”"}


def test_an_optional_column_that_is_there_twice_rejects_the_file():
    assert rejected_with("Email,Surname,Last Name\na@b.co,x,y\n") == ["header.duplicate_column"]


def test_every_reason_against_a_header_is_told_at_once():
    assert rejected_with("First Name,Vorname\nx,y\n") == ["header.missing_column", "header.duplicate_column"]


def test_a_thousand_columns_are_read():
    assert len(opened("Email" + "," * 999 + "\na@b.co\n").detected.columns) == 1_000


def test_a_file_with_more_than_a_thousand_columns_is_rejected():
    (problem,) = rejection("Email" + "," * 1_000 + "\na@b.co\n").problems
    assert problem.code == "file.not_supported"
    assert problem.params == {"found": "a table with more than 1,000 columns"}


def test_a_header_with_a_quote_that_never_closes_rejects_the_file():
    assert rejected_with('Email,"First Name\na@b.co,Ada\n') == ["file.not_readable"]


def test_blank_lines_before_the_header_count():
    reader = opened("\n \n,,\nEmail,First Name\na@b.co,Ada\n")
    assert reader.detected.header_row == 4
    assert [row.row for row in reader.rows()] == [5]


def test_a_second_import_type_is_one_more_declaration():
    places = ImportType(
        name="places", label="Places", columns=(ColumnRule(field="city", header="City", required=True),)
    )
    reader = open_source(lambda: [b"Country;CITY\nFR;Nice\n"], places)
    assert reader.columns == {"city": 1}
    assert dataclasses.astuple(next(reader.rows())) == (2, ["FR", "Nice"], [])
