"""The import types, declared as data: what a file of each type means, its columns and their rules.
A second type is one more `ImportType` in `IMPORT_TYPES`; what Run does for it is the provisioner's."""

import csv
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

Value = str | tuple[str, ...] | bool | date | float


class ValueType(StrEnum):
    """How the text of a cell is understood."""

    STRING = "string"
    ARRAY = "array"  # separated by semicolons
    BOOLEAN = "boolean"  # True or False
    DATE = "date"  # yyyy-mm-dd
    FLOAT = "float"

    def parse(self, text: str) -> Value:
        """The value that a cell's text stands for. Raises ValueError when it stands for none."""
        return PARSERS[self](text)


def parse_array(text: str) -> tuple[str, ...]:
    """The items between semicolons, trimmed; empty items are left out."""
    return tuple(item for part in text.split(";") if (item := part.strip()))


def parse_boolean(text: str) -> bool:
    """True or False, in any case, because spreadsheets write TRUE and FALSE."""
    match text.strip().lower():
        case "true":
            return True
        case "false":
            return False
    raise ValueError("not True or False")


def parse_date(text: str) -> date:
    """A day as yyyy-mm-dd; the other forms of ISO 8601 are not taken."""
    day = text.strip()
    if len(day) != 10 or day[4] != "-" or day[7] != "-":
        raise ValueError("not a date as yyyy-mm-dd")
    return date.fromisoformat(day)


def parse_float(text: str) -> float:
    """A finite number with a decimal point."""
    number = text.strip()
    if "_" in number or not math.isfinite(value := float(number)):
        raise ValueError("not a number")
    return value


PARSERS: MappingProxyType[ValueType, Callable[[str], Value]] = MappingProxyType(
    {
        ValueType.STRING: str,
        ValueType.ARRAY: parse_array,
        ValueType.BOOLEAN: parse_boolean,
        ValueType.DATE: parse_date,
        ValueType.FLOAT: parse_float,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRule:
    """One column of an import type. A file's header is taken for it when it says `header` or one of `aliases`."""

    field: str
    header: str
    value_type: ValueType = ValueType.STRING
    required: bool = False
    unique: bool = False  # in the file
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportType:
    """What a source file of this type means."""

    name: str
    label: str
    columns: tuple[ColumnRule, ...]


def template_csv(import_type: ImportType) -> str:
    """An empty source file of this type: its headers and nothing else."""
    text = io.StringIO()
    csv.writer(text).writerow([column.header for column in import_type.columns])
    return text.getvalue()


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


# Only names that can mean nothing else: a bare "Name" may be first, last or full, so it is not among them.
EXPERIENCE_LEARNERS = ImportType(
    name="experience-learners",
    label="Experience learners",
    columns=(
        ColumnRule(
            field="email",
            header="Email",
            required=True,
            unique=True,
            aliases=_names(
                """Email address, E-mail address, Mail, Mail address, Email ID, Learner email, Student email, School email,
                Work email, Primary email, E-mail 1 - Value, E-Mail-Adresse, Mailadresse, Adresse e-mail, Adresse mail,
                Adresse électronique, Courriel, Adresse courriel, Mél, Correo,
                Correo electrónico, Dirección de correo electrónico, Indirizzo e-mail, Indirizzo mail, Posta elettronica,
                Endereço de e-mail, Correio eletrônico, Correio eletrónico, E-mailadres, Mailadres, E-postadress, E-post,
                E-postadresse, Sähköposti, Sähköpostiosoite, Adres e-mail, E-posta, E-posta adresi, E-mail cím,
                Adresa de e-mail, Электронная почта, Эл. почта, Почта, Адрес электронной почты, Електронна пошта, Имейл,
                Ηλεκτρονικό ταχυδρομείο, Διεύθυνση email, אימייל, דוא״ל, דואר אלקטרוני, البريد الإلكتروني, البريد الالكتروني,
                ईमेल, ईमेल पता, 邮箱, 电子邮件, 电子邮箱, 邮箱地址, 電子郵件, 電子信箱, メール, メールアドレス, 이메일, 이메일 주소"""
            ),
        ),
        ColumnRule(
            field="first_name",
            header="First Name",
            aliases=_names(
                """Given name, Given names, Forename, Forenames, Learner first name, Student first name, Legal first name,
                Vorname, Vornamen,
                Prénom, Prénoms, Nombre, Nombres, Nombre de pila, Nome, Nome próprio, Voornaam, Förnamn, Fornavn, Etunimi,
                Imię, Jméno, Křestní jméno, Keresztnév, Utónév, Prenume, Ad, Adı, Nama depan, Tên, Имя, Ім'я, Име, Όνομα,
                שם פרטי, الاسم الأول, पहला नाम, प्रथम नाम, 名, 名字"""
            ),
        ),
        ColumnRule(
            field="last_name",
            header="Last Name",
            aliases=_names(
                """Surname, Family name, Learner last name, Student last name, Legal last name, Nachname, Familienname, Zuname,
                Nom,
                Nom de famille, Apellido, Apellidos, Cognome, Sobrenome, Apelido, Último nome, Achternaam, Familienaam,
                Efternamn, Efternavn, Etternavn, Sukunimi, Nazwisko, Příjmení, Priezvisko, Vezetéknév, Családnév, Nume,
                Nume de familie, Soyad, Soyadı, Nama belakang, Họ, Фамилия, Прізвище, Επώνυμο, Επίθετο, שם משפחה,
                اسم العائلة, الاسم الأخير, उपनाम, अंतिम नाम, 姓, 姓氏, 苗字, 성"""
            ),
        ),
    ),
)

IMPORT_TYPES: MappingProxyType[str, ImportType] = MappingProxyType({kind.name: kind for kind in (EXPERIENCE_LEARNERS,)})
