"""One catalogue: every sentence a page asks for is there, numbers are marked, what comes from people is escaped."""

import re
from pathlib import Path

import pytest
from jinja2 import Environment

from services.intake.pages import static_files
from services.intake.pages.texts import FOLDER, Texts, catalogue, shown_size, texts_for
from services.intake.records.record_filters import RecordImportStatus
from services.intake.states import ImportStatus
from services.intake.users.sessions import SignInWay
from shared.events import EmailPolicy, EmailStatus, Outcome, Plan, PreImportStatus
from shared.problems import KINDS

TEMPLATES = sorted((FOLDER.parent / "templates").rglob("*.html"))
ASKED = re.compile(r"""\b(?:t|plain)\(\s*["']([a-z_]+\.[a-z_0-9]+)["']\s*[,)]""")
ENGLISH = catalogue()["en"]

COMPOSED = [
    *(f"status.{status}" for status in ImportStatus),
    *(f"record_status.{status}" for status in PreImportStatus),
    *(f"{section}.{plan}" for section in ("record_plan", "plan_filter", "review") for plan in Plan),
    *(f"record_import_status.{status}" for status in RecordImportStatus),
    *(f"record_outcome.{outcome}" for outcome in Outcome),
    *(f"outcome_filter.{outcome}" for outcome in Outcome),
    *(f"drift.{plan}" for plan in (Plan.CREATE, Plan.ADD, Plan.NOTHING)),
    *(f"mail.{status}" for status in EmailStatus if status is not EmailStatus.NONE),
    *(f"new.{policy}" for policy in EmailPolicy),
    *(f"run.mails_{policy}" for policy in EmailPolicy),
    *(f"problem.{code}" for code, kind in KINDS.items() if not kind.rejects_file),
    *(f"results.{name}" for name in (*Outcome, "not_imported")),
    *(f"progress.{status}_title" for status in ("submitted", "preprocessing", "running", "cancelling")),
]


@pytest.mark.parametrize("language", catalogue())
@pytest.mark.parametrize("key", COMPOSED)
def test_what_states_and_codes_are_called_is_in_the_catalogue(language: str, key: str) -> None:
    assert catalogue()[language].has(key)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_sentence_of_a_template_is_in_the_catalogue(template: Path) -> None:
    asked = ASKED.findall(template.read_text("utf-8"))
    assert not [key for key in asked if not ENGLISH.has(key)]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_script_style_or_handler_of_its_own(template: Path) -> None:
    text = template.read_text("utf-8")
    Environment(autoescape=True).parse(text)
    assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son[a-z]+=|https?://", text)


def test_a_sentence_follows_its_number_and_marks_it() -> None:
    assert str(ENGLISH.html("review.create", count=1)) == "account will be created"
    assert ENGLISH.plain("imports.records", count=1234) == "1,234 records"
    assert str(ENGLISH.html("imports.records", count=1)) == '<data data-number value="1">1</data> record'


def test_what_people_wrote_is_escaped_and_the_catalogues_markup_is_not() -> None:
    texts = Texts("en", {"language": {"thousands": ","}, "a": {"b": "<b>{who}</b>"}})
    assert str(texts.html("a.b", who="<i>")) == "<b>&lt;i&gt;</b>"


def test_the_browser_gets_its_language_or_english() -> None:
    for asked in ("", "de-DE,de;q=0.9", "en-GB;q=0.8,xx", "*;q=nonsense", "q=;;;"):
        assert texts_for(asked).language == "en"


def test_sizes_are_written_as_people_write_them() -> None:
    assert [str(shown_size(size, ENGLISH)) for size in (13_240, 100_000_000)] == ["13.2\xa0kB", "100\xa0MB"]


def test_static_files_are_small_and_carry_their_version() -> None:
    files = static_files.static_files()
    assert sum(len(file.packed) for file in files.values()) < 50_000
    assert static_files.static_url("main.js") == f"/static/{static_files.version()}/main.js"
    for name, file in files.items():
        for imported in re.findall(rb'from "\./([a-z_]+\.js)"', file.content):
            assert imported.decode() in files, name


def test_every_action_of_the_audit_log_has_words() -> None:
    root = Path(__file__).parents[4]
    sources = "".join(
        file.read_text() for folder in ("services/intake", "cli") for file in (root / folder).rglob("*.py")
    )
    noted = set(re.findall(r'(?:action=|action = |_ACTION = |_note\(pool, |else )"([a-z_]+\.[a-z_.]+)"', sources))
    noted |= {"signed_out", *(f"signed_in.{way}" for way in SignInWay)}
    assert {"import.run", "person.erased", "token.created", "webhook.switched_off"} <= noted
    assert [name for name in sorted(noted) if not ENGLISH.has(f"action.{name}")] == []
